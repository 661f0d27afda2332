//===- TurnedKeysTest.cpp - keys before their rotary embedding ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CachePool.h"
#include "runtime/formats/FloatConvert.h"
#include "test/unit/lowering-gpu/PtxKernels.h"
#include "test/unit/lowering/CodedHead.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t kTogether = 128, kAfter = 13; ///< tokens of two steps; then one comes alone
constexpr int64_t kTokens = kTogether + kAfter + 1, kPages = 2;
constexpr double kTheta = 1e4;

struct Shape {
  int64_t heads, kvHeads, headDim;
  bool hasBias = true;

  int64_t columns() const { return (heads + 2 * kvHeads) * headDim; }
  int64_t keyOffset() const { return heads * headDim; }
  int64_t valueOffset() const { return (heads + kvHeads) * headDim; }
  double scale() const { return 1 / std::sqrt(double(headDim)); }
};

/// A function of append and attention for `rows` tokens.
std::string functionText(const Shape &shape, const std::string &name, const std::string &rows) {
  return fmt::format(
      R"(
func.func @{0}.ptx(%x: tensor<{1}x{2}xf32>, %batch: !llm.batch) -> tensor<{1}x{3}xbf16> attributes {{kernel.target = "ptx"}} {{
  %b = llm.get @bias : tensor<{4}xf32>
  %q = kernel.rope_append %x, %x, %x into @c {{heads = {5}, offsets = array<i64: 0, {6}, {7}>, rope = #llm.rope<theta = 1.0e4>, keys_unrotated}} : tensor<{1}x{2}xf32>, tensor<{1}x{2}xf32>, tensor<{1}x{2}xf32> -> tensor<{1}x{3}xbf16>
  %a = kernel.attention %q over @c {8} {{heads = {5}, scale = {9:e}, rope = #llm.rope<theta = 1.0e4>}} : tensor<{1}x{3}xbf16> -> tensor<{1}x{3}xbf16>
  return %a : tensor<{1}x{3}xbf16>
}}
)",
      name, rows, shape.columns(), shape.heads * shape.headDim, shape.kvHeads * shape.headDim,
      shape.heads, shape.keyOffset(), shape.valueOffset(),
      shape.hasBias ? fmt::format("bias %b : tensor<{}xf32>", shape.kvHeads * shape.headDim) : "",
      shape.scale());
}

std::string moduleText(const Shape &shape, const std::string &keys) {
  return fmt::format("llm.cache @c {{kv_heads = {}, head_dim = {}, k = \"{}\", v = \"native\"}}\n"
                     "llm.param @bias : tensor<{}xf32>\n{}{}",
                     shape.kvHeads, shape.headDim, keys, shape.kvHeads * shape.headDim,
                     functionText(shape, "prefill", "?"), functionText(shape, "decode", "1"));
}

/// One sequence, appended in two steps of several tokens and one of one, and all of it in float64.
class TurnedKeys {
public:
  TurnedKeys(const Shape &shape, const std::string &keys)
      : shape(shape), keys(keys), format(parseCacheFormat(keys)), random(3),
        x(kTokens, shape.columns(), false, &random),
        bias(1, shape.kvHeads * shape.headDim, false, &random) {
    for (double &element : bias.values)
      element = float(4 * element);
  }
  void runAndCheck();

private:
  using Vector = std::vector<double>;
  Vector turned(Vector head, int64_t position) const;
  Vector head(int64_t token, int64_t offset) const;
  Vector expected(int64_t token, int64_t head) const;
  void check(const Rows &result, int64_t firstToken) const;
  std::vector<float> ropeTable() const;

  Shape shape;
  std::string keys;
  CacheFormat format;
  Normal random;
  Rows x, bias;
};

TurnedKeys::Vector TurnedKeys::turned(Vector head, int64_t position) const {
  const int64_t half = shape.headDim / 2;
  for (int64_t i = 0; i < half; ++i) {
    const double angle =
        double(position) * std::pow(kTheta, -2 * double(i) / double(shape.headDim));
    const double low = head[i], high = head[i + half];
    head[i] = low * std::cos(angle) - high * std::sin(angle);
    head[i + half] = high * std::cos(angle) + low * std::sin(angle);
  }
  return head;
}

TurnedKeys::Vector TurnedKeys::head(int64_t token, int64_t offset) const {
  Vector head;
  for (int64_t i = 0; i < shape.headDim; ++i)
    head.push_back(x.at(token, offset + i));
  return head;
}

TurnedKeys::Vector TurnedKeys::expected(int64_t token, int64_t head) const {
  const int64_t kvHead = head / (shape.heads / shape.kvHeads);
  const Vector query = turned(this->head(token, head * shape.headDim), token);
  Vector result(shape.headDim);
  double sum = 0;
  for (int64_t t = 0; t <= token; ++t) {
    const Vector exact = this->head(t, shape.keyOffset() + kvHead * shape.headDim);
    const std::vector<float> floats(exact.begin(), exact.end());
    Vector key = codedHead(floats.data(), shape.headDim, format);
    for (int64_t i = 0; shape.hasBias && i < shape.headDim; ++i)
      key[i] += bias.at(0, kvHead * shape.headDim + i);
    key = turned(key, t);
    double score = 0;
    for (int64_t i = 0; i < shape.headDim; ++i)
      score += query[i] * key[i];
    const double weight = std::exp(shape.scale() * score);
    sum += weight;
    for (int64_t i = 0; i < shape.headDim; ++i)
      result[i] += weight * x.at(t, shape.valueOffset() + kvHead * shape.headDim + i);
  }
  for (double &element : result)
    element /= sum;
  return result;
}

void TurnedKeys::check(const Rows &result, int64_t firstToken) const {
  for (int64_t row = 0; row < result.rows; row += result.rows > 1 ? 6 : 1)
    for (int64_t head = 0; head < shape.heads; ++head) {
      const Vector wanted = expected(firstToken + row, head);
      for (int64_t i = 0; i < shape.headDim; ++i)
        // Scores of large biases are of several hundreds: what bf16 makes of keys shows.
        ASSERT_NEAR(result.at(row, head * shape.headDim + i), wanted[i],
                    4e-2 + std::abs(wanted[i]) / 64)
            << "token " << firstToken + row << ", head " << head << ", element " << i;
    }
}

std::vector<float> TurnedKeys::ropeTable() const {
  // As long as the context, and no longer.
  std::vector<float> table;
  for (int64_t position = 0; position < kTokens; ++position)
    for (int64_t i = 0; i < shape.headDim / 2; ++i) {
      const double angle =
          double(position) * std::pow(kTheta, -2 * double(i) / double(shape.headDim));
      table.push_back(float(std::cos(angle)));
      table.push_back(float(std::sin(angle)));
    }
  return table;
}

void TurnedKeys::runAndCheck() {
  SCOPED_TRACE(keys);
  PtxKernels kernels(moduleText(shape, keys));
  emulator::KernelRun &device = kernels.device();
  const ptx::CachePool keyPool{format, true, shape.kvHeads, shape.headDim};
  const ptx::CachePool valuePool{{}, false, shape.kvHeads, shape.headDim};
  auto allocate = [&](const ptx::CachePool &pool) { // what was never written is NaN
    return device.upload(std::vector<uint8_t>(kPages * shape.kvHeads * pool.blockBytes(), 0xff));
  };
  const uint64_t keysAt = allocate(keyPool), valuesAt = allocate(valuePool);
  const uint64_t ropeAt = device.upload(ropeTable()), biasAt = bias.upload(device, 0);
  const uint64_t tableAt = device.upload(std::vector<int32_t>{1, 0});
  const int64_t qColumns = shape.heads * shape.headDim;
  for (auto [first, rows] : {std::pair<int64_t, int64_t>{0, kTogether}, {kTogether, kAfter}}) {
    Rows step(rows, shape.columns(), false), query(rows, qColumns, true);
    std::vector<int32_t> positions;
    for (int64_t row = 0; row < rows; ++row) {
      positions.push_back(int32_t(first + row));
      for (int64_t column = 0; column < shape.columns(); ++column)
        step.at(row, column) = x.at(first + row, column);
    }
    const uint64_t xAt = step.upload(device, NAN), queryAt = query.upload(device, NAN);
    const uint64_t sequencesAt = device.upload(std::vector<int32_t>(rows));
    const uint64_t positionsAt = device.upload(positions);
    kernels.launch("kernel.rope_append",
                   {xAt, xAt, xAt, queryAt, keysAt, valuesAt, ropeAt, sequencesAt, positionsAt,
                    tableAt, kPages, uint64_t(rows)},
                   rows);
    Rows result(rows, qColumns, true);
    const uint64_t resultAt = result.upload(device, NAN);
    std::vector<uint64_t> arguments = {queryAt};
    if (shape.hasBias)
      arguments.push_back(biasAt);
    const uint64_t startsAt = device.upload(std::vector<int32_t>{0, int32_t(rows)});
    const uint64_t pastAt = device.upload(std::vector<int32_t>{int32_t(first)});
    arguments.insert(arguments.end(),
                     {resultAt, keysAt, valuesAt, ropeAt, startsAt, pastAt, sequencesAt,
                      positionsAt, tableAt, kPages, uint64_t(rows), 1});
    kernels.launch("kernel.attention", arguments, rows);
    result.download(device, resultAt);
    check(result, first);
  }

  Rows step(1, shape.columns(), false), result(1, qColumns, true);
  for (int64_t column = 0; column < shape.columns(); ++column)
    step.at(0, column) = x.at(kTokens - 1, column);
  const uint64_t xAt = step.upload(device, NAN), resultAt = result.upload(device, NAN);
  constexpr int64_t maxSplits = 64, counters = 256;
  const int64_t partials = maxSplits * shape.heads * (roundUp(shape.headDim, 8) + 2) + 32;
  std::vector<uint64_t> arguments = {xAt, xAt, xAt};
  if (shape.hasBias)
    arguments.push_back(biasAt);
  arguments.insert(arguments.end(),
                   {resultAt, device.upload(std::vector<float>(partials, NAN)), keysAt, valuesAt,
                    ropeAt, device.upload(std::vector<int32_t>{0}),
                    device.upload(std::vector<int32_t>{int32_t(kTokens - 1)}), tableAt, kPages,
                    device.upload(std::vector<int32_t>(counters)), 1});
  kernels.launch("kernel.append_attention", arguments, 1);
  result.download(device, resultAt);
  check(result, kTokens - 1);
}

} // namespace

TEST(TurnedKeys, Floats) {
  TurnedKeys({4, 2, 64}, "native before_rope").runAndCheck();
  TurnedKeys({7, 1, 36, false}, "f16 before_rope").runAndCheck();
}
TEST(TurnedKeys, Integers) {
  TurnedKeys({7, 7, 32}, "int8 before_rope").runAndCheck();
  TurnedKeys({2, 1, 14}, "int8 asymmetric before_rope").runAndCheck();
  TurnedKeys({3, 1, 20, false}, "int4 asymmetric before_rope").runAndCheck();
  TurnedKeys({2, 1, 128}, "int2 asymmetric before_rope").runAndCheck();
}
/// The group in the middle of three has elements of both halves.
TEST(TurnedKeys, Groups) {
  TurnedKeys({2, 1, 96}, "int8 asymmetric group=32 before_rope").runAndCheck();
  TurnedKeys({2, 2, 96}, "int4 asymmetric group=32 before_rope").runAndCheck();
  TurnedKeys({17, 1, 64, false}, "int4 group=16 before_rope").runAndCheck();
}
TEST(TurnedKeys, TablesAndSmallFloats) {
  TurnedKeys({2, 1, 64}, "fp8_e4m3 before_rope").runAndCheck();
  TurnedKeys({2, 1, 128}, "lloyd_max4 group=64 before_rope").runAndCheck();
}
TEST(TurnedKeys, CodesInPlanes) {
  const std::string scales = " scales=8:9.094947017729282e-13:1.189207115002721 before_rope";
  TurnedKeys({2, 1, 64}, "uniform3" + scales).runAndCheck();
  TurnedKeys({7, 1, 20}, "uniform5" + scales).runAndCheck();
  TurnedKeys({2, 1, 128}, "uniform6" + scales).runAndCheck();
  TurnedKeys({3, 1, 96}, "uniform7 group=48" + scales).runAndCheck();
  TurnedKeys({2, 1, 80}, "lloyd_max3 before_rope").runAndCheck();
  TurnedKeys({2, 1, 128}, "lloyd_max6 before_rope").runAndCheck();
}
TEST(TurnedKeys, RotatedCodes) {
  TurnedKeys({2, 1, 128}, "int8 asymmetric hadamard=2 before_rope").runAndCheck();
  TurnedKeys({2, 1, 16}, "int8 hadamard=1 before_rope").runAndCheck();
  TurnedKeys({2, 1, 64}, "lloyd_max4 hadamard=1 before_rope").runAndCheck();
}
