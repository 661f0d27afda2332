//===- SafetensorsFileTest.cpp - reading safetensors ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsFile.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

/// The error of a file with this header and `dataSize` bytes of data.
static std::string headerError(std::string_view header, size_t dataSize = 0) {
  std::string bytes = safetensorsBytes(header, dataSize);
  return errorOf([&] { parseSafetensorsHeader(asBytes(bytes), "w.st"); });
}

TEST(SafetensorsFile, ReadsTensors) {
  TempDir dir;
  SafetensorsFile file(dir.write("w.st", safetensorsBytes(R"({"__metadata__": {"format": "pt"},
        "b": {"dtype": "BF16", "shape": [2, 3], "data_offsets": [4, 16]},
        "a": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
        "e": {"dtype": "I64", "shape": [0, 5], "data_offsets": [4, 4]}}   )",
                                                          16)));
  ASSERT_EQ(file.tensors().size(), 3u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[1].name, "e");
  EXPECT_EQ(file.metadata().at("format"), "pt");
  const TensorInfo &b = file.get("b");
  EXPECT_EQ(b.dtype, DType::BF16);
  EXPECT_EQ(b.shape, (std::vector<int64_t>{2, 3}));
  ASSERT_EQ(file.data(b).size(), 12u);
  EXPECT_EQ(int(file.data(b)[0]), 4);
  EXPECT_EQ(file.data(file.get("e")).size(), 0u);
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_EQ(errorOf([&] { file.get("c"); }), file.path() + ": has no tensor 'c'");
}

TEST(SafetensorsFile, ReadsNoTensors) { EXPECT_EQ(headerError("{}"), ""); }

TEST(SafetensorsFile, ReadsBundledModel) {
  SafetensorsFile file(bundledModel("tiny-llama/model.safetensors"));
  EXPECT_EQ(file.get("lm_head.weight").shape, (std::vector<int64_t>{1024, 256}));
  EXPECT_EQ(file.get("model.embed_tokens.weight").offset, 8u + 4168 + 524288);
}

TEST(SafetensorsFile, BadHeaderLength) {
  auto error = [](std::string_view bytes) {
    return errorOf([&] { parseSafetensorsHeader(asBytes(bytes), "w.st"); });
  };
  expectContains(error(""), {"w.st", "0 bytes"});
  expectContains(error("1234567"), {"w.st", "7 bytes"});
  std::string claims(8, '\0');
  claims[7] = 0x10; // 2^60
  expectContains(error(claims + "{}"), {"w.st", "1152921504606846976", "100000000"});
  claims = std::string("\x64\0\0\0\0\0\0\0", 8);
  expectContains(error(claims + "{}"), {"w.st", "truncated", "100 bytes", "only 2"});
  expectContains(error(std::string(8, '\0')), {"w.st", "broken JSON"});
}

TEST(SafetensorsFile, BadJson) {
  expectContains(headerError("{\"a\": "), {"w.st: broken JSON: line 1, column 7"});
  expectContains(headerError("[]"), {"w.st", "a list"});
  expectContains(headerError(R"({"a": 1})"), {"'a' is 1", "object"});
  expectContains(headerError(std::string(1000, '[')), {"nested"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
                                 "a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}})",
                             2),
                 {"'a'", "twice"});
  expectContains(headerError(R"({"__metadata__": {"x": 1}})"), {"'__metadata__.x' is 1", "string"});
}

TEST(SafetensorsFile, BadFields) {
  expectContains(headerError(R"({"a": {"shape": [1], "data_offsets": [0, 1]}})", 1),
                 {"'a.dtype' is missing"});
  expectContains(headerError(R"({"a": {"dtype": "F4", "shape": [1], "data_offsets": [0, 1]}})", 1),
                 {"tensor 'a'", "unknown dtype 'F4'"});
  expectContains(
      headerError(R"({"a": {"dtype": "bf16", "shape": [1], "data_offsets": [0, 2]}})", 2),
      {"unknown dtype 'bf16'"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "data_offsets": [0, 1]}})", 1),
                 {"'a.shape' is not a list"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [-1], "data_offsets": [0, 1]}})", 1),
                 {"'a.shape' is -1"});
  expectContains(
      headerError(R"({"a": {"dtype": "U8", "shape": [1.0], "data_offsets": [0, 1]}})", 1),
      {"'a.shape' is 1.0"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": 1, "data_offsets": [0, 1]}})", 1),
                 {"'a.shape' is not a list"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [-1, 0]}})", 1),
                 {"'a.data_offsets' is -1"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [1, 0]}})", 1),
                 {"tensor 'a'", "[1, 0]"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0]}})", 1),
                 {"tensor 'a'", "[begin, end]"});
  expectContains(
      headerError(R"({"a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1e30]}})", 1),
      {"'a.data_offsets' is 1e+30"});
}

TEST(SafetensorsFile, SizeContradictsOffsets) {
  expectContains(
      headerError(R"({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 20]}})", 20),
      {"tensor 'a'", "[2, 3]", "F32", "needs 24 bytes", "[0, 20] hold 20"});
}

TEST(SafetensorsFile, SizeOverflows) {
  // 2^32 * 2^32 * 4 is 0 in 64 bits.
  expectContains(
      headerError(
          R"({"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 0]}})"),
      {"tensor 'a'", "larger than any file"});
  expectContains(
      headerError(
          R"({"a": {"dtype": "F32", "shape": [9223372036854775807], "data_offsets": [0, 4]}})", 4),
      {"tensor 'a'", "larger than any file"});
  EXPECT_EQ(tensorByteSize(DType::F32, std::vector<int64_t>{int64_t(1) << 60}), uint64_t(1) << 62);
  EXPECT_EQ(tensorByteSize(DType::F32, std::vector<int64_t>{int64_t(1) << 61}), std::nullopt);
  EXPECT_EQ(tensorByteSize(DType::F32, std::vector<int64_t>{-1}), std::nullopt);
  EXPECT_EQ(tensorByteSize(DType::F32, {}), 4u);
}

TEST(SafetensorsFile, TruncatedData) {
  expectContains(
      headerError(R"({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}})", 15),
      {"truncated", "tensor 'a' ends at byte 16", "only 15"});
}

TEST(SafetensorsFile, OverlapsAndHoles) {
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
                                 "b": {"dtype": "U8", "shape": [4], "data_offsets": [3, 7]}})",
                             7),
                 {"'a' (bytes 0 to 4", "'b' (3 to 7)", "overlap"});
  expectContains(headerError(R"({"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
                                 "b": {"dtype": "U8", "shape": [4], "data_offsets": [5, 9]}})",
                             9),
                 {"1 bytes before tensor 'b'", "holes"});
  expectContains(headerError(R"({"b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}})", 6),
                 {"2 bytes before tensor 'b'"});
  expectContains(headerError(R"({"b": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}})", 7),
                 {"3 bytes after the last tensor"});
  expectContains(headerError("{}", 7), {"7 bytes after"});
}

TEST(SafetensorsFile, TruncationAtEveryByteIsRefused) {
  std::string whole = readAll(bundledModel("tiny-llama/model.safetensors"));
  for (size_t size = 0; size < whole.size(); size += size < 5000 ? 97 : 99991)
    EXPECT_NE(errorOf([&] { parseSafetensorsHeader(asBytes(whole).first(size), "w.st"); }), "");
}
