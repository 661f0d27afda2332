//===- GgmlTypeTest.cpp - ggml's blocks against the gguf package ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgmlType.h"

#include "TestSupport.h"
#include "runtime/formats/GgmlBlocks.h"
#include "runtime/formats/GgufCheckpoint.h"
#include "runtime/formats/Json.h"
#include <cstring>

using namespace qopt;
using namespace qopt::test;

static std::vector<std::byte> fromHex(const std::string &hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(std::byte(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

static const GgmlTraits *findByName(std::string_view name) {
  for (const GgmlTraits &traits : ggmlTypes())
    if (traits.name == name)
      return &traits;
  return nullptr;
}

TEST(GgmlType, DecodesAsTheGgufPackageDoes) {
  Json cases =
      readJsonFile(std::string(QOPT_SOURCE_DIR) + "/test/unit/formats/data/ggml_blocks.json");
  EXPECT_EQ(cases.size() + 1, ggmlTypes().size()); // all but F32
  for (const Json &entry : cases) {
    auto name = entry["type"].get<std::string>();
    const GgmlTraits *traits = findByName(name);
    ASSERT_TRUE(traits) << name;
    std::vector<std::byte> blocks = fromHex(entry["blocks"]), expected = fromHex(entry["values"]);
    std::vector<float> values(blocks.size() / traits->blockBytes * traits->blockElements);
    ASSERT_EQ(values.size() * sizeof(float), expected.size()) << name;
    decodeGgml(traits->type, blocks, values);
    EXPECT_EQ(memcmp(values.data(), expected.data(), expected.size()), 0) << name;
  }
}

TEST(GgmlType, CodesStayInTheirRange) {
  for (const GgmlTraits &traits : ggmlTypes()) {
    if (!traits.isBlocks())
      continue;
    size_t groups = traits.blockElements / traits.groupElements;
    for (int fill : {0x00, 0x0f, 0xf0, 0xff, 0x80, 0x7f}) {
      std::vector<std::byte> block(traits.blockBytes, std::byte(fill));
      std::vector<int8_t> codes(traits.blockElements);
      std::vector<float> scales(groups), zeros(traits.hasZeros ? groups : 0);
      unpackBlocks(traits.type, block, {codes, scales, zeros});
      for (int8_t code : codes) {
        EXPECT_GE(code, traits.minCode) << traits.name;
        EXPECT_LE(code, traits.maxCode) << traits.name;
      }
    }
  }
}

TEST(GgmlType, SixBitPairsAreReadAsWritten) {
  ggml::SixBitPairs pairs{};
  for (size_t round = 0; round < 2; ++round)
    for (size_t i = 0; i < 8; ++i)
      ggml::setPair(pairs, i, {uint8_t((i * 37 + round) % 64), uint8_t(63 - i * 5)});
  for (size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(ggml::getPair(pairs, i).scale, (i * 37 + 1) % 64);
    EXPECT_EQ(ggml::getPair(pairs, i).minimum, 63 - i * 5);
  }
}

TEST(GgmlType, Sizes) {
  auto size = [](GgmlType type, std::vector<int64_t> shape) { return ggmlByteSize(type, shape); };
  EXPECT_EQ(size(GgmlType::Q8_0, {3, 64}), 3 * 68u);
  EXPECT_EQ(size(GgmlType::Q4_K, {2, 3, 512}), 2 * 3 * 288u);
  EXPECT_EQ(size(GgmlType::F16, {5}), 10u);
  EXPECT_EQ(size(GgmlType::Q8_0, {64, 33}), std::nullopt);
  EXPECT_EQ(size(GgmlType::Q6_K, {1, 128}), std::nullopt);
  EXPECT_EQ(size(GgmlType::F32, {int64_t(1) << 40, int64_t(1) << 40}), std::nullopt);
}

TEST(GgmlType, Names) {
  EXPECT_EQ(ggmlTypeName(12), "Q4_K");
  EXPECT_EQ(ggmlTypeName(16), "IQ2_XXS");
  EXPECT_EQ(ggmlTypeName(77), "number 77");
  EXPECT_EQ(findGgmlType(10), nullptr);
}

/// The SHA-256 of `values` as sha256sum prints it.
static std::string sha256(std::span<const float> values, const TempDir &dir) {
  std::string path =
      dir.write("values", {reinterpret_cast<const char *>(values.data()), values.size_bytes()});
  std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen(("sha256sum " + path).c_str(), "r"), pclose);
  std::string digits(64, '\0');
  EXPECT_EQ(fread(digits.data(), 1, digits.size(), pipe.get()), digits.size());
  return digits;
}

TEST(GgmlType, DecodesWholeModels) {
  const char *shared = std::getenv("QOPT_SHARED_DIR");
  std::string directory =
      (shared ? shared : std::string(QOPT_SOURCE_DIR) + "/../shared") + "/models/ggml/";
  if (!std::filesystem::exists(directory))
    GTEST_SKIP() << "skipped: no " << directory;
  Json files = readJsonFile(directory + "decoded.json");
  TempDir dir;
  for (const auto &[name, tensors] : files.items()) {
    GgufCheckpoint checkpoint(directory + name);
    EXPECT_EQ(checkpoint.tensors().size(), tensors.size()) << name;
    for (const auto &[tensor, expected] : tensors.items()) {
      auto [file, info] = checkpoint.get(tensor);
      EXPECT_EQ(ggmlTraits(info->type).name, expected["type"].get<std::string>());
      EXPECT_EQ(info->shape, expected["shape"].get<std::vector<int64_t>>());
      int64_t count = 1;
      for (int64_t size : info->shape)
        count *= size;
      std::vector<float> values(count);
      decodeGgml(info->type, file->data(*info), values);
      EXPECT_EQ(sha256(values, dir), expected["sha256_of_float32_le"].get<std::string>())
          << name << " " << tensor;
    }
  }
}
