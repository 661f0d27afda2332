//===- DecodeAttentionTest.cpp - append and attention of single tokens ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/ExponentialFit.h"
#include "runtime/formats/FloatConvert.h"
#include "test/unit/lowering-gpu/PtxKernels.h"
#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;
using namespace qopt::test;

namespace {

constexpr int64_t pageTokens = 128;
constexpr double eps = 1e-6;

struct Shape {
  int64_t heads, kvHeads, headDim;
  bool hasNorm, hasRope;
  double threshold = 0; ///< of the exponential in two parts, of degree 3; 0: it is exact

  int64_t stride() const { return roundUp(headDim, 8); }
  int64_t keyOffset() const { return heads * headDim; }
  int64_t valueOffset() const { return (heads + kvHeads) * headDim; }
  int64_t columns() const { return (heads + 2 * kvHeads) * headDim; }
  double scale() const { return 1 / std::sqrt(double(headDim)); }
};

double rounded(double value) { return bf16ToF32(f32ToBf16(float(value))); }

/// The kernels for `rows` sequences.
std::string moduleText(const Shape &shape, int64_t rows) {
  std::string x = fmt::format("tensor<{}x{}xf32>", rows, shape.columns());
  std::string y = fmt::format("tensor<{}x{}xbf16>", rows, shape.heads * shape.headDim);
  std::string norm = fmt::format("tensor<{}xf32>", shape.headDim);
  return fmt::format(
      R"(
llm.cache @c {{kv_heads = {0}, head_dim = {1}, k = "native", v = "native"}}
llm.param @qn : {2}
llm.param @kn : {2}
func.func @decode.ptx(%x: {3}, %batch: !llm.batch) -> {4} attributes {{kernel.target = "ptx"}} {{
  %qn = llm.get @qn : {2}
  %kn = llm.get @kn : {2}
  %q = kernel.rope_append %x, %x, %x {5} into @c {{heads = {6}, offsets = array<i64: 0, {7}, {8}>{9}{10}}} : {3}, {3}, {3} -> {4}
  %a = kernel.attention %q over @c {{heads = {6}, scale = {11:e}{12}}} : {4} -> {4}
  return %a : {4}
}}
)",
      shape.kvHeads, shape.headDim, norm, x, y,
      shape.hasNorm ? fmt::format("norms %qn, %kn : {0}, {0}", norm) : "", shape.heads,
      shape.keyOffset(), shape.valueOffset(), shape.hasNorm ? ", eps = 1.0e-6" : "",
      shape.hasRope ? ", rope = #llm.rope<theta = 1.0e4>" : "", shape.scale(),
      shape.threshold != 0
          ? fmt::format(", softmax = #llm.sas<threshold = {:e}, degree = 3>", shape.threshold)
          : "");
}

/// e^-x, exact or in two parts.
double decay(const Shape &shape, double x) {
  if (shape.threshold == 0)
    return std::exp(-x);
  if (x > shape.threshold)
    return 0;
  const double whole = std::floor(x), rest = x - whole;
  llvm::SmallVector<double> fit = kernel::fitExponential(3);
  return std::exp(-whole) * (fit[0] + rest * (fit[1] + rest * (fit[2] + rest * fit[3])));
}

/// A step of one token for each of some sequences, with everything in double beside it.
class Step {
public:
  Step(const Shape &shape, const std::vector<int64_t> &pasts)
      : shape(shape), pasts(pasts), random(7), x(pasts.size(), shape.columns(), false, &random),
        qNorm(1, shape.headDim, false, &random), kNorm(1, shape.headDim, false, &random) {
    for (int64_t past : pasts)
      maxPages = std::max(maxPages, past / pageTokens + 1);
    int64_t pages = maxPages * int64_t(pasts.size());
    pageTable.resize(pages);
    for (int64_t i = 0; i < pages; ++i)
      pageTable[i] = int32_t(i);
    std::shuffle(pageTable.begin(), pageTable.end(), random.engine);
    // What was never appended is NaN: nobody may let it weigh.
    keys.assign(pages * pageBlock(), f32ToBf16(NAN));
    values = keys;
    for (size_t row = 0; row < pasts.size(); ++row)
      for (int64_t token = 0; token < pasts[row]; ++token)
        for (int64_t kv = 0; kv < shape.kvHeads; ++kv)
          for (int64_t d = 0; d < shape.stride(); ++d) {
            bool isPadding = d >= shape.headDim;
            keys[at(row, token, kv) + d] = isPadding ? 0 : f32ToBf16(random.next());
            values[at(row, token, kv) + d] = isPadding ? 0 : f32ToBf16(random.next());
          }
    ropeTable.resize(maxPages * pageTokens * (shape.headDim / 2) * 2);
    for (float &angle : ropeTable)
      angle = random.next();
  }

  void runAndCheck();
  /// Of the launch.
  const emulator::Statistics &statistics() const { return counted; }

private:
  int64_t pageBlock() const { return shape.kvHeads * pageTokens * shape.stride(); }
  /// Index of a token's first element in a pool.
  int64_t at(int64_t row, int64_t token, int64_t kv) const {
    int64_t page = pageTable[row * maxPages + token / pageTokens];
    return ((page * shape.kvHeads + kv) * pageTokens + token % pageTokens) * shape.stride();
  }
  /// A head of the new token, normalized and rotated, rounded to bf16.
  std::vector<double> head(int64_t row, int64_t offset, const Rows *norm) const;
  std::vector<double> expected(int64_t row, int64_t head) const;

  Shape shape;
  std::vector<int64_t> pasts;
  Normal random;
  Rows x, qNorm, kNorm;
  int64_t maxPages = 0;
  std::vector<int32_t> pageTable;
  std::vector<uint16_t> keys, values;
  std::vector<float> ropeTable;
  emulator::Statistics counted;
};

std::vector<double> Step::head(int64_t row, int64_t offset, const Rows *norm) const {
  std::vector<double> elements(shape.headDim);
  for (int64_t d = 0; d < shape.headDim; ++d)
    elements[d] = x.at(row, offset + d);
  if (norm && shape.hasNorm) {
    double squares = 0;
    for (double element : elements)
      squares += element * element;
    for (int64_t d = 0; d < shape.headDim; ++d)
      elements[d] *= norm->at(0, d) / std::sqrt(squares / double(shape.headDim) + eps);
  }
  int64_t half = shape.headDim / 2;
  if (norm && shape.hasRope)
    for (int64_t i = 0; i < half; ++i) {
      double cos = ropeTable[(pasts[row] * half + i) * 2];
      double sin = ropeTable[(pasts[row] * half + i) * 2 + 1];
      double low = elements[i], high = elements[i + half];
      elements[i] = low * cos - high * sin;
      elements[i + half] = high * cos + low * sin;
    }
  std::transform(elements.begin(), elements.end(), elements.begin(), rounded);
  return elements;
}

/// Attention of one head over what the pools hold after the append.
std::vector<double> Step::expected(int64_t row, int64_t head) const {
  int64_t kv = head / (shape.heads / shape.kvHeads);
  std::vector<double> query = this->head(row, head * shape.headDim, &qNorm);
  std::vector<double> scores;
  for (int64_t token = 0; token <= pasts[row]; ++token) {
    double score = 0;
    for (int64_t d = 0; d < shape.headDim; ++d)
      score += query[d] * bf16ToF32(keys[at(row, token, kv) + d]);
    scores.push_back(score * shape.scale());
  }
  double best = *std::max_element(scores.begin(), scores.end()), sum = 0;
  std::vector<double> result(shape.headDim);
  for (int64_t token = 0; token <= pasts[row]; ++token) {
    double weight = decay(shape, best - scores[token]);
    sum += weight;
    for (int64_t d = 0; d < shape.headDim; ++d)
      result[d] += weight * bf16ToF32(values[at(row, token, kv) + d]);
  }
  for (double &element : result)
    element /= sum;
  return result;
}

void Step::runAndCheck() {
  int64_t rows = int64_t(pasts.size());
  PtxKernels kernels(moduleText(shape, rows));
  emulator::KernelRun &device = kernels.device();
  Rows result(rows, shape.heads * shape.headDim, true);
  std::vector<int32_t> sequences(rows), positions(pasts.begin(), pasts.end());
  for (int64_t i = 0; i < rows; ++i)
    sequences[i] = int32_t(rows - 1 - i); // of which row i is: any order may come
  std::vector<int32_t> table(pageTable.size());
  for (int64_t i = 0; i < rows; ++i)
    std::copy_n(&pageTable[i * maxPages], maxPages, &table[sequences[i] * maxPages]);

  uint64_t xAt = x.upload(device, NAN), resultAt = result.upload(device, NAN);
  uint64_t keysAt = device.upload(keys), valuesAt = device.upload(values);
  constexpr int64_t maxSplits = 64, rowCounters = 256;
  uint64_t partialsAt = device.upload(
      std::vector<float>(rows * (maxSplits * shape.heads * (shape.stride() + 2) + 32), NAN));
  uint64_t countersAt = device.upload(std::vector<int32_t>(rows * rowCounters));
  std::vector<uint64_t> arguments = {xAt, xAt, xAt};
  if (shape.hasNorm) {
    arguments.push_back(qNorm.upload(device, 0));
    arguments.push_back(kNorm.upload(device, 0));
  }
  for (uint64_t address : {resultAt, partialsAt, keysAt, valuesAt})
    arguments.push_back(address);
  if (shape.hasRope)
    arguments.push_back(device.upload(ropeTable));
  for (uint64_t argument : {device.upload(sequences), device.upload(positions),
                            device.upload(table), uint64_t(maxPages), countersAt, uint64_t(rows)})
    arguments.push_back(argument);
  counted = kernels.launch("kernel.append_attention", arguments, rows, rows);

  // What is appended, to the bit unless the float32 arithmetic before rounded elsewhere.
  std::vector<uint16_t> keysFound = device.download<uint16_t>(keysAt, keys.size());
  std::vector<uint16_t> valuesFound = device.download<uint16_t>(valuesAt, values.size());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t kv = 0; kv < shape.kvHeads; ++kv) {
      std::vector<double> key = head(row, shape.keyOffset() + kv * shape.headDim, &kNorm);
      std::vector<double> value = head(row, shape.valueOffset() + kv * shape.headDim, nullptr);
      int64_t first = at(row, pasts[row], kv);
      for (int64_t d = 0; d < shape.stride(); ++d) {
        bool isPadding = d >= shape.headDim;
        double found = bf16ToF32(keysFound[first + d]), wanted = isPadding ? 0 : key[d];
        ASSERT_NEAR(found, wanted, std::abs(wanted) / 128)
            << "key " << row << ", " << kv << ", " << d;
        keys[first + d] = keysFound[first + d];
        values[first + d] = isPadding ? 0 : f32ToBf16(float(value[d]));
      }
    }
  EXPECT_EQ(keysFound, keys);
  EXPECT_EQ(valuesFound, values);

  result.download(device, resultAt);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t head = 0; head < shape.heads; ++head) {
      std::vector<double> wanted = expected(row, head);
      for (int64_t d = 0; d < shape.headDim; ++d)
        ASSERT_NEAR(result.at(row, head * shape.headDim + d), wanted[d],
                    4e-3 + std::abs(wanted[d]) / 256)
            << "past " << pasts[row] << ", head " << head << ", element " << d;
    }
  EXPECT_EQ(device.download<int32_t>(countersAt, rows * rowCounters),
            std::vector<int32_t>(rows * rowCounters));
}

} // namespace

TEST(DecodeAttention, SharedKeysWithNorms) {
  Step({6, 2, 128, true, true}, {0, 1, 15, 16, 63, 64, 127, 128, 470}).runAndCheck();
}
TEST(DecodeAttention, NeitherNormNorRotation) {
  Step({3, 3, 64, false, false}, {0, 200}).runAndCheck();
}
TEST(DecodeAttention, MoreQueriesThanATile) {
  Step({20, 1, 64, false, true}, {70, 129}).runAndCheck();
}
TEST(DecodeAttention, LargeHeads) { Step({4, 2, 256, false, true}, {3, 130}).runAndCheck(); }
TEST(DecodeAttention, OddHeads) { Step({4, 2, 36, true, true}, {0, 33, 300}).runAndCheck(); }
TEST(DecodeAttention, NoBankConflicts) {
  for (int64_t headDim : {64, 128})
    for (int64_t kvHeads : {1, 2, 8}) {
      Step step({8, kvHeads, headDim, false, true}, {1000});
      step.runAndCheck();
      EXPECT_EQ(step.statistics().bankConflicts, 0) << kvHeads << " of " << headDim;
    }
}
/// Sixteen keys are one step of a warp, which knows the greatest score when it weighs them.
TEST(DecodeAttention, ExponentialInTwoParts) {
  Step({6, 2, 64, false, true, 1.5}, {15, 9}).runAndCheck();
  Step({6, 2, 64, false, true, 7.25}, {15, 3}).runAndCheck();
}
TEST(DecodeAttention, LongPast) { Step({8, 2, 64, false, true}, {8000, 100}).runAndCheck(); }
