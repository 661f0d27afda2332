//===- ParamSmoothing.cpp - smoothed parameters, read in parts ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamSmoothing.h"
#include "runtime/formats/FloatConvert.h"
#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>

using namespace qopt;

std::vector<float> qopt::columnMaxima(const ParamExpression &matrix) {
  constexpr int64_t kElementsAtOnce = 1 << 18;
  const int64_t columns = matrix.columns();
  const int64_t step = std::max<int64_t>(1, kElementsAtOnce / columns);
  std::vector<float> maxima(columns);
  for (int64_t row = 0; row < matrix.rows(); row += step) {
    const Rect part{row, std::min(step, matrix.rows() - row), 0, columns};
    const std::vector<float> values = readF32(matrix, part);
    for (int64_t i = 0; i < part.rows; ++i)
      for (int64_t j = 0; j < columns; ++j)
        maxima[j] = std::max(maxima[j], std::fabs(values[i * columns + j]));
  }
  return maxima;
}

namespace {

class SmoothingParam : public ParamExpression {
public:
  SmoothingParam(ParamExpressionPtr activation, std::vector<ParamExpressionPtr> weights,
                 SmoothingVariant variant, double alpha, HeadGroups groups)
      : ParamExpression(DType::F32, {activation->rows() / groups.group}),
        activation(std::move(activation)), weights(std::move(weights)), variant(variant),
        alpha(alpha), groups(groups) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::call_once(once, [this] { compute(); });
    std::memcpy(out.data(), scales.data() + rect.row, out.size());
  }

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    for (const ParamExpressionPtr &weight : weights)
      weight->collectSources(sources);
  }

private:
  void compute() const {
    std::vector<std::vector<float>> maxima;
    for (const ParamExpressionPtr &weight : weights)
      maxima.push_back(columnMaxima(*weight));
    const Rect whole{0, activation->rows(), 0, 1};
    scales =
        shareScales(smoothingScales(variant, alpha, readF32(*activation, whole), maxima), groups);
  }

  ParamExpressionPtr activation;
  std::vector<ParamExpressionPtr> weights;
  SmoothingVariant variant;
  double alpha;
  HeadGroups groups;
  mutable std::once_flag once;
  mutable std::vector<float> scales;
};

class ScaledParam : public ParamExpression {
public:
  ScaledParam(ParamExpressionPtr value, ParamExpressionPtr scales, const Scaling &scaling)
      : ParamExpression(DType::F32, value->shape()), value(std::move(value)),
        scales(std::move(scales)), scaling(scaling) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::vector<float> values = readF32(*value, rect);
    const std::vector<float> factors = readF32(*scales, {0, scales->rows(), 0, 1});
    auto scale = [&](float &element, float factor) {
      element = scaling.inverse ? element / factor : element * factor;
    };
    for (int64_t i = 0; i < rect.rows; ++i) {
      float *row = values.data() + i * rect.columns;
      const int64_t index = rect.row + i - scaling.offset;
      for (int64_t j = 0; j < rect.columns; ++j)
        if (scaling.columns)
          scale(row[j], factors[scaling.groups.indexOf(rect.column + j)]);
        else if (index >= 0 && index < scales->rows())
          scale(row[j], factors[index]);
    }
    std::memcpy(out.data(), values.data(), out.size());
  }

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &sources) const override {
    value->collectSources(sources);
  }

private:
  ParamExpressionPtr value, scales;
  Scaling scaling;
};

} // namespace

ParamExpressionPtr qopt::makeSmoothing(ParamExpressionPtr activation,
                                       std::vector<ParamExpressionPtr> weights,
                                       SmoothingVariant variant, double alpha, HeadGroups groups) {
  return std::make_shared<SmoothingParam>(std::move(activation), std::move(weights), variant, alpha,
                                          groups);
}

ParamExpressionPtr qopt::makeScaled(ParamExpressionPtr value, ParamExpressionPtr scales,
                                    const Scaling &scaling) {
  return std::make_shared<ScaledParam>(std::move(value), std::move(scales), scaling);
}
