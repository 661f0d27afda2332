//===- SmoothingSearch.cpp - alpha by the error of outputs ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/SmoothingSearch.h"
#include "lowering/artifact/ParamSmoothing.h"
#include "mlir/IR/Threading.h"
#include "passes/quantization/SampledProduct.h"
#include "runtime/quantization/BlockCodec.h"
#include <mutex>

using namespace qopt;

static constexpr int kSteps = 20;
/// Rows of a weight that a thread takes at a time.
static constexpr int64_t kBlockRows = 64;

/// Quantizes each row of `values` to int8 and back, in place.
static void roundRows(std::span<float> values, size_t columns) {
  static const Scheme scheme = makeScheme(Storage::Int8);
  std::vector<uint8_t> codes(columns);
  for (size_t begin = 0; begin < values.size(); begin += columns) {
    std::span<float> row = values.subspan(begin, columns);
    size_t firstNonFinite;
    BlockParameters parameters = chooseParameters(scheme, rangeOf(row, firstNonFinite));
    encode(scheme, parameters, row, codes);
    decode(scheme, parameters, codes, row);
  }
}

namespace {

/// One alpha: its scales, the rows as they are quantized under them, and the error so far.
struct Trial {
  double alpha;
  std::vector<float> scales; ///< of every channel
  std::vector<float> rows;
  double error = 0;
};

class Search {
public:
  Search(const SmoothingProblem &problem, SmoothingVariant variant) : problem(problem) {
    std::vector<std::vector<float>> maxima;
    for (const ParamExpressionPtr &weight : problem.weights)
      maxima.push_back(columnMaxima(*weight));
    for (int step = 0; step <= kSteps; ++step)
      trials.push_back(makeTrial(double(step) / kSteps, variant, maxima));
  }

  void run(mlir::MLIRContext &context) {
    llvm::SmallVector<std::pair<const ParamExpression *, int64_t>> blocks;
    for (const ParamExpressionPtr &weight : problem.weights)
      for (int64_t row = 0; row < weight->rows(); row += kBlockRows)
        blocks.push_back({weight.get(), row});
    mlir::parallelForEach(&context, blocks,
                          [&](auto &block) { visit(*block.first, block.second); });
  }

  std::vector<SmoothingTrial> results() const {
    std::vector<SmoothingTrial> results;
    for (const Trial &trial : trials)
      results.push_back({trial.alpha, reference > 0 ? trial.error / reference : 0});
    return results;
  }

private:
  Trial makeTrial(double alpha, SmoothingVariant variant,
                  std::span<const std::vector<float>> maxima) const {
    std::vector<float> shared =
        shareScales(smoothingScales(variant, alpha, problem.activation, maxima), problem.groups);
    Trial trial{alpha, std::vector<float>(problem.activation.size()), problem.rows};
    const size_t columns = trial.scales.size();
    for (size_t j = 0; j < columns; ++j)
      trial.scales[j] = shared[problem.groups.indexOf(int64_t(j))];
    for (size_t i = 0; i < trial.rows.size(); ++i)
      trial.rows[i] /= trial.scales[i % columns];
    roundRows(trial.rows, columns);
    return trial;
  }

  /// Adds what a block of rows of a weight contributes to all errors.
  void visit(const ParamExpression &weight, int64_t row) {
    const Rect part{row, std::min(kBlockRows, weight.rows() - row), 0, weight.columns()};
    const std::vector<float> values = readF32(weight, part);
    const std::vector<float> expected = multiply(problem.rows, values, part.columns);
    std::vector<double> errors;
    for (const Trial &trial : trials) {
      std::vector<float> smoothed = values;
      for (size_t i = 0; i < smoothed.size(); ++i)
        smoothed[i] *= trial.scales[i % trial.scales.size()];
      roundRows(smoothed, trial.scales.size());
      errors.push_back(squaredDistance(multiply(trial.rows, smoothed, part.columns), expected));
    }
    const double squares = squaredDistance(expected, std::vector<float>(expected.size()));
    std::lock_guard lock(mutex);
    reference += squares;
    for (size_t i = 0; i < trials.size(); ++i)
      trials[i].error += errors[i];
  }

  const SmoothingProblem &problem;
  std::vector<Trial> trials;
  std::mutex mutex;
  double reference = 0;
};

} // namespace

std::vector<SmoothingTrial> qopt::trySmoothing(const SmoothingProblem &problem,
                                               SmoothingVariant variant,
                                               mlir::MLIRContext &context) {
  Search search(problem, variant);
  search.run(context);
  return search.results();
}

const SmoothingTrial &qopt::bestTrial(const std::vector<SmoothingTrial> &trials) {
  return *std::ranges::min_element(trials, {}, &SmoothingTrial::error);
}
