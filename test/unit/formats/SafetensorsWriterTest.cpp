//===- SafetensorsWriterTest.cpp - writing safetensors --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsWriter.h"

#include "TestSupport.h"
#include "runtime/formats/SafetensorsFile.h"
#include <thread>

using namespace qopt;
using namespace qopt::test;

/// Recognizable contents for a tensor of `size` bytes.
static std::string contentsOf(size_t index, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i)
    bytes[i] = char(31 * index + i);
  return bytes;
}

TEST(SafetensorsWriter, WritesAlignedTensorsFromThreads) {
  TempDir dir;
  std::string path = dir.path("w.safetensors");
  std::vector<TensorSpec> specs;
  for (int64_t i = 0; i < 12; ++i)
    specs.push_back({fmt::format("layers.{}", i), DType::BF16, {i, 7}}); // the first is empty
  {
    SafetensorsWriter writer(path, specs, {{"format", "pt"}});
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 3; ++t)
      threads.emplace_back([&, t] {
        for (size_t i = t; i < specs.size(); i += 3) {
          // In pieces, the last one first.
          std::string bytes = contentsOf(i, writer.tensors()[i].size);
          for (size_t piece = (bytes.size() + 9) / 10; piece-- > 0;)
            writer.write(i, 10 * piece,
                         asBytes(bytes)
                             .subspan(10 * piece)
                             .first(std::min<size_t>(10, bytes.size() - 10 * piece)));
        }
      });
    for (std::thread &thread : threads)
      thread.join();
    writer.commit();
  }
  SafetensorsFile file(path);
  EXPECT_EQ(file.metadata().at("format"), "pt");
  for (size_t i = 0; i < specs.size(); ++i) {
    const TensorInfo &tensor = file.get(specs[i].name);
    EXPECT_EQ(tensor.offset % 64, 0u);
    EXPECT_EQ(tensor.shape, specs[i].shape);
    EXPECT_EQ(tensor.dtype, DType::BF16);
    std::string expected = contentsOf(i, tensor.size);
    EXPECT_EQ(std::string(reinterpret_cast<const char *>(file.data(tensor).data()), tensor.size),
              expected);
  }
  EXPECT_NE(file.find("__pad_0"), nullptr);
  EXPECT_EQ(dir.size(), 1u);
}

/// The format itself, byte by byte.
TEST(SafetensorsWriter, GoldenFile) {
  TempDir dir;
  SafetensorsWriter writer(dir.path("w"), {{"a", DType::U8, {3}}, {"b", DType::F32, {}}});
  writer.write(0, 0, asBytes("xyz"));
  writer.write(1, 0, asBytes("1234"));
  EXPECT_EQ(writer.tensors()[1].offset, 256u);
  writer.commit();
  std::string header = R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)"
                       R"("__pad_0":{"dtype":"U8","shape":[61],"data_offsets":[3,64]},)"
                       R"("b":{"dtype":"F32","shape":[],"data_offsets":[64,68]}})";
  header.resize(192 - 8, ' ');
  std::string expected =
      std::string("\xb8\0\0\0\0\0\0\0", 8) + header + "xyz" + std::string(61, '\0') + "1234";
  EXPECT_EQ(readAll(dir.path("w")), expected);
}

TEST(SafetensorsWriter, IncompleteTensorsAreRefused) {
  TempDir dir;
  auto commitError = [&](auto write) {
    return errorOf([&] {
      SafetensorsWriter writer(dir.path("w"), {{"a", DType::U8, {8}}, {"b", DType::U8, {8}}});
      writer.write(0, 0, asBytes("12345678"));
      write(writer);
      writer.commit();
    });
  };
  expectContains(commitError([](SafetensorsWriter &) {}), {dir.path("w"), "'b'", "8 bytes"});
  expectContains(commitError([](SafetensorsWriter &w) { w.write(1, 0, asBytes("1234567")); }),
                 {"'b'"});
  expectContains(commitError([](SafetensorsWriter &w) { w.write(1, 1, asBytes("1234567")); }),
                 {"'b'"});
  expectContains(commitError([](SafetensorsWriter &w) {
                   w.write(1, 0, asBytes("123"));
                   w.write(1, 5, asBytes("678"));
                 }),
                 {"'b'"});
  EXPECT_EQ(dir.size(), 0u);
  EXPECT_EQ(commitError([](SafetensorsWriter &w) {
              w.write(1, 5, asBytes("678"));
              w.write(1, 0, asBytes("123"));
              w.write(1, 3, asBytes("45"));
            }),
            "");
}

TEST(SafetensorsWriter, BadSpecsAreRefused) {
  TempDir dir;
  auto error = [&](std::vector<TensorSpec> specs) {
    return errorOf([&] { SafetensorsWriter writer(dir.path("w"), std::move(specs)); });
  };
  expectContains(error({{"a", DType::U8, {1}}, {"a", DType::U8, {1}}}), {"'a'", "twice"});
  expectContains(error({{"__pad_3", DType::U8, {1}}}), {"'__pad_3'", "reserved"});
  expectContains(error({{"__metadata__", DType::U8, {1}}}), {"reserved"});
  expectContains(error({{"a", DType::U8, {-1}}}), {"'a'", "[-1]"});
  int64_t huge = int64_t(1) << 60;
  expectContains(error(std::vector<TensorSpec>(16, {"a", DType::F32, {huge}})), {"too large"});
  expectContains(error({{"a", DType::U8, {huge}}}), {"cannot reserve"}); // no disk has 2^60 bytes
  expectContains(error({{"\xff", DType::U8, {1}}}), {"UTF-8"});
  EXPECT_EQ(dir.size(), 0u);
}
