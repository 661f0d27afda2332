//===- GgmlQuantizerTest.cpp - blocks against ggml's own ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/GgmlQuantizer.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/ScaleProducts.h"
#include "runtime/quantization/BlockCodec.h"
#include "runtime/quantization/GgmlScheme.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <map>
#include <numeric>

using namespace qopt;

namespace {

struct Parts {
  Parts(GgmlType type, size_t elements)
      : codes(elements), scales(elements / ggmlTraits(type).groupElements),
        zeros(ggmlTraits(type).hasZeros ? scales.size() : 0) {}
  BlockParts parts() { return {codes, scales, zeros}; }

  std::vector<int8_t> codes;
  std::vector<float> scales, zeros;
};

/// What make_ggml_quantized.py wrote.
Json readCases() {
  return readJsonFile(std::string(QOPT_SOURCE_DIR) +
                      "/test/unit/quantization/data/ggml_quantized.json");
}

std::vector<std::byte> fromHex(const std::string &hex) {
  std::vector<std::byte> bytes;
  for (size_t i = 0; i < hex.size(); i += 2)
    bytes.push_back(std::byte(std::stoi(hex.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::vector<float> valuesOf(const Json &entry) {
  std::vector<std::byte> bytes = fromHex(entry["values"]);
  std::vector<float> values(bytes.size() / sizeof(float));
  memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::vector<std::byte> quantize(GgmlType type, const std::vector<float> &values) {
  const GgmlTraits &traits = ggmlTraits(type);
  Parts parts(type, values.size());
  quantizeGgml(type, values, parts.parts());
  std::vector<std::byte> blocks(values.size() / traits.blockElements * traits.blockBytes);
  packBlocks(type, parts.parts(), blocks);
  return blocks;
}

GgmlType typeOf(const std::string &name) {
  for (const GgmlTraits &traits : ggmlTypes())
    if (traits.name == name)
      return traits.type;
  ADD_FAILURE() << name;
  return GgmlType::F32;
}

} // namespace

TEST(GgmlQuantizer, BlocksOf32AreGgmls) {
  for (const Json &entry : readCases())
    for (const auto &[name, blocks] : entry["blocks"].items())
      EXPECT_EQ(quantize(typeOf(name), valuesOf(entry)), fromHex(blocks.get<std::string>()))
          << entry["row"] << " as " << name;
}

/// Of one block, either search may come out ahead by a little; over all of them, ours must.
TEST(GgmlQuantizer, ErrorsOfKTypesAreAtMostGgmls) {
  std::map<std::string, std::vector<double>> logRatios;
  for (const Json &entry : readCases())
    for (const auto &[name, ggmls] : entry["errors"].items()) {
      std::vector<float> values = valuesOf(entry), decoded(values.size());
      decodeGgml(typeOf(name), quantize(typeOf(name), values), decoded);
      double error = 0, most = ggmls.get<double>();
      for (size_t i = 0; i < values.size(); ++i)
        error += double(decoded[i] - values[i]) * double(decoded[i] - values[i]);
      EXPECT_LE(error, most * 1.01) << entry["row"] << " as " << name;
      if (error > 0)
        logRatios[name].push_back(std::log(error / most));
    }
  for (const auto &[name, logs] : logRatios)
    EXPECT_LT(std::accumulate(logs.begin(), logs.end(), 0.0), 0) << name;
}

TEST(GgmlQuantizer, SchemesDecodeBlocksToTheSameNumbers) {
  for (const Json &entry : readCases())
    for (std::string_view name : ggmlTargetNames()) {
      GgmlType type = *parseGgmlTarget(name);
      std::vector<float> values = valuesOf(entry), decoded(values.size()), expected(values.size());
      Parts parts(type, values.size());
      quantizeGgml(type, values, parts.parts());
      decodeGgml(type, quantize(type, values), expected);
      Scheme scheme = ggmlScheme(type);
      size_t size = ggmlTraits(type).groupElements;
      for (size_t i = 0; i < parts.scales.size(); ++i)
        decode(scheme, {parts.scales[i], parts.zeros.empty() ? 0 : parts.zeros[i], 0},
               {reinterpret_cast<const uint8_t *>(&parts.codes[i * size]), size},
               std::span(decoded).subspan(i * size, size));
      EXPECT_EQ(decoded, expected) << entry["row"] << " as " << name;
    }
}

TEST(GgmlQuantizer, WhatF16ScalesDoNotReachIsAnError) {
  for (float far : {3e8f, 3e38f}) {
    std::vector<float> values(256, far);
    values[7] = -far;
    for (std::string_view name : ggmlTargetNames())
      EXPECT_THROW(quantize(*parseGgmlTarget(name), values), Error) << name << " of " << far;
  }
  EXPECT_THROW(quantize(GgmlType::IQ4_NL, std::vector<float>(256)), Error);
}

/// Types differ in how far they reach; what they decode to does not.
TEST(GgmlQuantizer, LargeValuesAreReachedOrAnError) {
  for (float far : {1e5f, 1e6f, 4e6f, 1e7f, 1e8f, 2.6e8f}) {
    std::vector<float> values(256, far), decoded(values.size());
    values[7] = -far;
    for (std::string_view name : ggmlTargetNames()) {
      GgmlType type = *parseGgmlTarget(name);
      std::vector<std::byte> blocks;
      try {
        blocks = quantize(type, values);
      } catch (const Error &) {
        continue;
      }
      decodeGgml(type, blocks, decoded);
      for (size_t i = 0; i < values.size(); ++i)
        EXPECT_NEAR(decoded[i], values[i], far / 6) << name << ", element " << i;
    }
  }
}

TEST(ScaleProducts, SplitIntoWhatTheyWereMadeOf) {
  std::vector<int8_t> multiples(4);
  std::vector<float> scales = {-128 * 0.0123291015625f, 0, 5 * 0.0123291015625f,
                               127 * 0.0123291015625f}; // of 0x2250
  EXPECT_EQ(splitProducts(scales, {-128, 127}, multiples), 0.0123291015625f);
  EXPECT_EQ(multiples, (std::vector<int8_t>{-128, 0, 5, 127}));
  for (float &scale : scales)
    scale = -scale;
  EXPECT_EQ(splitProducts(scales, {-128, 127}, multiples), -0.0123291015625f);
  EXPECT_FALSE(splitProducts(scales, {0, 63}, multiples));
}

TEST(ScaleProducts, WhatIsNoProduct) {
  std::vector<int8_t> multiples(2);
  for (float bad : {1.0f / 3, INFINITY, NAN, 1e-20f, 1e20f}) {
    std::vector<float> scales = {bad, 1.0f};
    EXPECT_FALSE(splitProducts(scales, {-128, 127}, multiples)) << bad;
  }
  std::vector<float> zeros = {0, 0};
  EXPECT_EQ(splitProducts(zeros, {0, 63}, multiples), 0.0f);
}
