//===- GgufFileTest.cpp - reading and writing GGUF ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GgufBytes.h"
#include "TestSupport.h"
#include "runtime/formats/GgufCheckpoint.h"
#include "runtime/formats/GgufWriter.h"
#include <cstring>

using namespace qopt;
using namespace qopt::test;
using B = GgufBytes;

static std::string parseError(const std::string &bytes) {
  return errorOf([&] { parseGgufHeader(asBytes(bytes), "m.gguf"); });
}

/// Two tensors of 2 x 3 and 4 floats.
static GgufBytes twoTensors() {
  GgufBytes bytes;
  bytes.pairs = {B::text("general.architecture", "llama"), B::f32("eps", 1e-6f)};
  bytes.tensors = {B::tensor("b", {4}, 0, 32), B::tensor("a", {3, 2}, 0, 0)};
  for (int i = 0; i < 12; ++i)
    bytes.data += B::number(float(i));
  return bytes;
}

TEST(GgufFile, ReadsTensorsAndPairs) {
  TempDir dir;
  for (uint32_t version : {2, 3}) {
    GgufBytes bytes = twoTensors();
    bytes.version = version;
    GgufFile file(dir.write("m.gguf", bytes.file()));
    ASSERT_EQ(file.tensors().size(), 2u);
    EXPECT_EQ(file.tensors()[0].name, "a");
    EXPECT_EQ(file.get("a").shape, (std::vector<int64_t>{2, 3}));
    float first;
    memcpy(&first, file.data(file.get("b")).data(), sizeof(first));
    EXPECT_EQ(first, 8);
    EXPECT_EQ(file.metadata().string("general.architecture"), "llama");
    EXPECT_EQ(file.metadata().number("eps", 0, 1), 1e-6);
    EXPECT_EQ(errorOf([&] { file.get("c"); }), file.path() + ": has no tensor 'c'");
  }
}

TEST(GgufFile, BadBeginnings) {
  GgufBytes bytes = twoTensors();
  bytes.magic = "GGML";
  expectContains(parseError(bytes.file()), {"m.gguf", "'GGML'", "not 'GGUF'"});
  bytes = twoTensors();
  bytes.version = 1;
  expectContains(parseError(bytes.file()), {"version 1", "2 and 3"});
  bytes.version = 4;
  expectContains(parseError(bytes.file()), {"version 4"});
  bytes.version = __builtin_bswap32(3);
  expectContains(parseError(bytes.file()), {"big-endian"});
  expectContains(parseError(""), {"truncated", "magic", "only 0"});
  expectContains(parseError("GGUF"), {"truncated", "version"});
}

TEST(GgufFile, EveryTruncationIsAnError) {
  std::string bytes = twoTensors().file();
  for (size_t size = 0; size < bytes.size(); ++size)
    expectContains(parseError(bytes.substr(0, size)), {"m.gguf: truncated"});
  EXPECT_EQ(parseError(bytes), "");
}

TEST(GgufFile, BadCounts) {
  std::string header = "GGUF" + B::number(uint32_t(3));
  uint64_t huge = uint64_t(1) << 63;
  expectContains(parseError(header + B::number(huge) + B::number(uint64_t(0))),
                 {"truncated", "9223372036854775808 tensors"});
  expectContains(parseError(header + B::number(uint64_t(0)) + B::number(huge)),
                 {"truncated", "9223372036854775808 key-value pairs"});
  GgufBytes bytes;
  bytes.pairs = {B::number(huge) + "key"};
  expectContains(parseError(bytes.file()), {"truncated", "a key", "9223372036854775808"});
  bytes.pairs = {B::pair("k", 8, B::number(huge) + "text")};
  expectContains(parseError(bytes.file()), {"truncated", "'k'", "9223372036854775808"});
  bytes.pairs = {B::pair("k", 9, B::number(uint32_t(4)) + B::number(huge))};
  expectContains(parseError(bytes.file()), {"truncated", "elements of 'k'"});
}

TEST(GgufFile, BadPairs) {
  GgufBytes bytes;
  bytes.pairs = {B::u32("k", 1), B::u32("k", 1)};
  expectContains(parseError(bytes.file()), {"'k' twice"});
  bytes.pairs = {B::pair("k", 13, "")};
  expectContains(parseError(bytes.file()), {"'k' has type 13"});
  bytes.pairs = {B::pair("k", 9, B::number(uint32_t(9)) + B::number(uint64_t(0)))};
  expectContains(parseError(bytes.file()), {"'k'", "array of arrays"});
  bytes.pairs = {B::u32("general.alignment", 24)};
  expectContains(parseError(bytes.file()), {"general.alignment", "24", "power of two"});
  bytes.pairs = {B::u32("general.alignment", 0)};
  expectContains(parseError(bytes.file()), {"general.alignment", "is 0"});
}

TEST(GgufFile, BadTensors) {
  auto error = [](const std::string &tensor, const std::string &other = "") {
    GgufBytes bytes = twoTensors();
    bytes.tensors = {tensor};
    if (!other.empty())
      bytes.tensors.push_back(other);
    return parseError(bytes.file());
  };
  expectContains(error(B::tensor("t", {}, 0, 0)), {"'t' has 0 dimensions"});
  expectContains(error(B::tensor("t", {1, 1, 1, 1, 1}, 0, 0)), {"'t' has 5 dimensions"});
  expectContains(error(B::tensor("t", {256}, 10, 0)), {"'t'", "unsupported type Q2_K", "Q4_K"});
  expectContains(error(B::tensor("t", {256}, 99, 0)), {"'t'", "type number 99"});
  expectContains(error(B::tensor("t", {33}, 8, 0)), {"rows of 33", "32 of Q8_0"});
  expectContains(error(B::tensor("t", {uint64_t(1) << 63}, 0, 0)), {"larger than any file"});
  expectContains(error(B::tensor("t", {uint64_t(1) << 40, uint64_t(1) << 40}, 0, 0)),
                 {"larger than any file"});
  expectContains(error(B::tensor("t", {4}, 0, 4)), {"'t' starts at byte 4", "aligned to 32"});
  expectContains(error(B::tensor("t", {13}, 0, 0)), {"truncated", "52 bytes", "only 48"});
  expectContains(error(B::tensor("t", {1}, 0, uint64_t(1) << 63)), {"truncated", "'t'"});
  expectContains(error(B::tensor("t", {9}, 0, 0), B::tensor("u", {4}, 0, 32)),
                 {"'t'", "'u'", "overlap"});
  expectContains(error(B::tensor("t", {4}, 0, 0), B::tensor("t", {4}, 0, 32)), {"two tensors 't'"});
}

TEST(GgufFile, WrongTypesOfValues) {
  GgufBytes bytes;
  bytes.pairs = {B::text("s", "x"), B::f32("f", 0.5f), B::pair("u", 10, B::number(~uint64_t(0))),
                 B::pair("a", 9, B::number(uint32_t(6)) + B::number(uint64_t(0)))};
  std::string file = bytes.file();
  GgufMetadata metadata = parseGgufHeader(asBytes(file), "m.gguf").metadata;
  auto error = [&](auto get) { return errorOf([&] { get(); }); };
  EXPECT_EQ(error([&] { metadata.integer("k", 0, 1); }), "m.gguf: the metadata has no 'k'");
  expectContains(error([&] { metadata.integer("s", 0, 1); }), {"'s' is of type string", "integer"});
  expectContains(error([&] { metadata.integer("f", 0, 1); }), {"'f' is of type f32"});
  expectContains(error([&] { metadata.integer("u", 0, 1); }), {"18446744073709551615"});
  expectContains(error([&] { metadata.number("f", 1, 2); }), {"'f' is 0.5", "1 to 2"});
  expectContains(error([&] { metadata.string("f"); }), {"'f'", "expected a string"});
  expectContains(error([&] { metadata.optionalBoolean("f"); }), {"'f'", "expected a bool"});
  expectContains(error([&] { metadata.strings("a"); }), {"array of f32", "array of strings"});
  expectContains(error([&] { metadata.integers("s"); }), {"'s'", "array of integers"});
  EXPECT_EQ(metadata.floats("a"), std::vector<float>());
  EXPECT_EQ(metadata.strings("k"), std::nullopt);
}

TEST(GgufFile, WritesWhatItReads) {
  TempDir dir;
  GgufPairs pairs;
  pairs.add("u", uint32_t(7));
  pairs.add("f", 0.25f);
  pairs.add("b", true);
  pairs.add("s", "text");
  std::vector<std::string> strings = {"one", "", "three"};
  std::vector<float> floats = {1, -2};
  std::vector<int32_t> integers = {3, -4, 5};
  pairs.add("strings", strings);
  pairs.add("floats", floats);
  pairs.add("integers", integers);
  std::string path = dir.path("m.gguf"), copyPath = dir.path("copy.gguf");
  GgufWriter writer(path, pairs, {{"t", GgmlType::Q8_0, {2, 32}}, {"v", GgmlType::F32, {3}}});
  std::vector<std::byte> blocks(68, std::byte(5));
  writer.write(0, 0, std::span(blocks).first(34));
  writer.write(0, 34, std::span(blocks).last(34));
  writer.write(1, 0, std::as_bytes(std::span<const float>(std::vector<float>{1, 2, 3})));
  writer.commit();

  GgufFile file(path);
  const GgufMetadata &metadata = file.metadata();
  EXPECT_EQ(metadata.integer("u", 0, 9), 7);
  EXPECT_EQ(metadata.number("f", 0, 1), 0.25);
  EXPECT_EQ(metadata.optionalBoolean("b"), true);
  EXPECT_EQ(metadata.string("s"), "text");
  EXPECT_EQ(metadata.strings("strings"), (std::vector<std::string_view>{"one", "", "three"}));
  EXPECT_EQ(metadata.floats("floats"), floats);
  EXPECT_EQ(metadata.integers("integers"), (std::vector<int64_t>{3, -4, 5}));
  EXPECT_EQ(file.get("t").shape, (std::vector<int64_t>{2, 32}));
  EXPECT_TRUE(std::ranges::equal(file.data(file.get("t")), blocks));
  EXPECT_EQ(file.get("v").offset % 32, 0u);

  GgufPairs copied;
  for (const auto &[key, value] : metadata.all())
    copied.add(key, value);
  GgufWriter(copyPath, copied, {}).commit();
  GgufFile copy(copyPath);
  EXPECT_EQ(copy.metadata().strings("strings"), metadata.strings("strings"));
  EXPECT_EQ(copy.metadata().all().size(), metadata.all().size());
  EXPECT_NE(errorOf([&] { GgufWriter(copyPath, copied, {{"t", GgmlType::Q8_0, {5}}}); }), "");
}

/// The part `number` of `count`, which holds one tensor.
static std::string splitPart(uint16_t number, uint16_t count, std::string_view tensor) {
  GgufBytes bytes;
  bytes.pairs = {B::u16("split.no", number), B::u16("split.count", count),
                 B::pair("split.tensors.count", 5, B::number(int32_t(count)))};
  bytes.tensors = {B::tensor(tensor, {1}, 0, 0)};
  bytes.data = B::number(float(number));
  return bytes.file();
}

TEST(GgufCheckpoint, ReadsSplits) {
  TempDir dir;
  std::string first = dir.write("m-00001-of-00002.gguf", splitPart(0, 2, "a"));
  auto error = [&] { return errorOf([&] { GgufCheckpoint checkpoint(first); }); };
  expectContains(error(), {"m-00002-of-00002.gguf' is missing"});
  std::string second = dir.write("m-00002-of-00002.gguf", splitPart(1, 2, "b"));
  GgufCheckpoint checkpoint(first);
  EXPECT_EQ(checkpoint.tensors().size(), 2u);
  EXPECT_EQ(checkpoint.get("b").file->path(), second);
  expectContains(errorOf([&] { GgufCheckpoint other(second); }),
                 {"part 2 of 2", "-00001-of-00002.gguf"});
  dir.write("m-00002-of-00002.gguf", splitPart(1, 2, "a"));
  expectContains(error(), {"'a' is in two parts"});
  dir.write("m-00002-of-00002.gguf", splitPart(2, 3, "b"));
  expectContains(error(), {"part 3 of 3", "part 2 of 2"});
  std::string renamed = dir.write("m.gguf", splitPart(0, 2, "a"));
  expectContains(errorOf([&] { GgufCheckpoint other(renamed); }), {"must end in -00001-of-00002"});
}
