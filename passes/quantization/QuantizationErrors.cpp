//===- QuantizationErrors.cpp - what quantization costs a tensor ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/QuantizationErrors.h"
#include "mlir/IR/Threading.h"
#include "passes/quantization/SampledProduct.h"
#include <cmath>
#include <mutex>

using namespace qopt;

namespace {

/// What the errors are computed from, for some rows of a tensor or all.
struct Sums {
  double differences = 0, magnitudes = 0;
  double squaredDifferences = 0, squares = 0;
  double largestDifference = 0, largest = 0;
  double largestProductDifference = 0, largestProduct = 0;

  void addElements(llvm::ArrayRef<float> original, llvm::ArrayRef<float> quantized) {
    for (size_t i = 0; i < original.size(); ++i) {
      double value = original[i], difference = std::fabs(value - double(quantized[i]));
      differences += difference;
      magnitudes += std::fabs(value);
      squaredDifferences += difference * difference;
      squares += value * value;
      largest = std::max(largest, std::fabs(value));
      largestDifference = std::max(largestDifference, difference);
    }
  }

  void addProducts(llvm::ArrayRef<float> expected, llvm::ArrayRef<float> actual) {
    for (size_t i = 0; i < expected.size(); ++i) {
      double difference = std::fabs(double(expected[i]) - double(actual[i]));
      largestProductDifference = std::max(largestProductDifference, difference);
      largestProduct = std::max(largestProduct, std::fabs(double(expected[i])));
    }
  }

  void add(const Sums &other) {
    differences += other.differences;
    magnitudes += other.magnitudes;
    squaredDifferences += other.squaredDifferences;
    squares += other.squares;
    largest = std::max(largest, other.largest);
    largestDifference = std::max(largestDifference, other.largestDifference);
    largestProductDifference = std::max(largestProductDifference, other.largestProductDifference);
    largestProduct = std::max(largestProduct, other.largestProduct);
  }
};

} // namespace

static double ratio(double part, double whole) { return part == 0 ? 0 : part / whole; }

QuantizationErrors qopt::measureErrors(const ParamExpression &original,
                                       const ParamExpression &quantized, llvm::ArrayRef<float> rows,
                                       mlir::MLIRContext &context) {
  constexpr int64_t kElementsAtOnce = 1 << 18;
  const int64_t columns = original.columns();
  const int64_t step = std::max<int64_t>(1, kElementsAtOnce / columns);
  // In order, so that the sums do not depend on threads.
  std::vector<Sums> parts((original.rows() + step - 1) / step);
  std::mutex mutex;
  std::exception_ptr error;
  mlir::parallelFor(&context, 0, parts.size(), [&](size_t index) {
    const int64_t row = int64_t(index) * step;
    const Rect part{row, std::min(step, original.rows() - row), 0, columns};
    try {
      const std::vector<float> before = readF32(original, part), after = readF32(quantized, part);
      parts[index].addElements(before, after);
      if (!rows.empty())
        parts[index].addProducts(multiply(rows, before, columns), multiply(rows, after, columns));
    } catch (...) {
      std::lock_guard lock(mutex);
      error = std::current_exception();
    }
  });
  if (error)
    std::rethrow_exception(error);
  Sums sums;
  for (const Sums &part : parts)
    sums.add(part);
  QuantizationErrors errors;
  errors.relative = ratio(sums.differences, sums.magnitudes);
  errors.mean = sums.differences / (double(original.rows()) * double(columns));
  errors.maximum = sums.largestDifference;
  errors.relativeMaximum = ratio(sums.largestDifference, sums.largest);
  errors.sqnr = 10 * std::log10(sums.squares / sums.squaredDifferences);
  if (sums.squaredDifferences == 0)
    errors.sqnr = std::numeric_limits<double>::infinity();
  if (!rows.empty())
    errors.product = ratio(sums.largestProductDifference, sums.largestProduct);
  return errors;
}
