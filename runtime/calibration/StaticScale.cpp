//===- StaticScale.cpp - the range of an activation that is quantized -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/StaticScale.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/BlockCodec.h"
#include <algorithm>
#include <charconv>
#include <cmath>

using namespace qopt;

RangeChoice qopt::parseRangeChoice(std::string_view text) {
  if (text == "max")
    return {RangeMethod::Max};
  if (text == "mse")
    return {RangeMethod::Mse};
  if (text == "entropy")
    return {RangeMethod::Entropy};
  constexpr std::string_view name = "percentile";
  RangeChoice choice{RangeMethod::Percentile};
  if (text == name)
    return choice;
  if (text.starts_with(name) && text[name.size()] == ':') {
    const char *end = text.data() + text.size();
    auto [rest, error] = std::from_chars(text.data() + name.size() + 1, end, choice.percentile);
    if (error == std::errc() && rest == end && choice.percentile > 0 && choice.percentile <= 100)
      return choice;
    fail("range={}: a percentile is above 0 and at most 100, such as percentile:99.9", quote(text));
  }
  fail("unknown range={}; max, percentile, percentile:99.9, mse and entropy are known",
       quote(text));
}

//===----------------------------------------------------------------------===//
// Methods on a histogram
//===----------------------------------------------------------------------===//

static double binWidth(const ProfiledInput &input) {
  return input.histogramRange / double(input.histogram.size());
}

/// The bins up to the last that is not empty.
static std::span<const int64_t> usedBins(const ProfiledInput &input) {
  size_t used = input.histogram.size();
  while (used > 0 && input.histogram[used - 1] == 0)
    --used;
  return std::span(input.histogram).first(used);
}

/// The bins whose elements keep their value.
static size_t choosePercentile(std::span<const int64_t> bins, double percentile) {
  double total = 0;
  for (int64_t count : bins)
    total += double(count);
  double below = 0;
  for (size_t i = 0; i < bins.size(); ++i) {
    below += double(bins[i]);
    if (below >= total * percentile / 100)
      return i + 1;
  }
  return bins.size();
}

/// Of 256 ranges, the one with the least squared error of what the elements of each bin, all taken
/// to be in its middle, become.
static size_t chooseMse(std::span<const int64_t> bins, double width, const Scheme &scheme) {
  std::vector<float> centers, decoded(bins.size());
  std::vector<uint8_t> codes(bins.size());
  for (size_t i = 0; i < bins.size(); ++i)
    centers.push_back(float((double(i) + 0.5) * width));
  const size_t step = std::max<size_t>(1, bins.size() / 256);
  size_t best = bins.size();
  double leastError = INFINITY;
  for (size_t kept = bins.size(); kept > 0; kept = kept > step ? kept - step : 0) {
    const float amax = float(double(kept) * width);
    const BlockParameters parameters = chooseParameters(scheme, {-amax, amax});
    encode(scheme, parameters, centers, codes);
    decode(scheme, parameters, codes, decoded);
    double error = 0;
    for (size_t i = 0; i < bins.size(); ++i) {
      const double difference = double(decoded[i]) - double(centers[i]);
      error += double(bins[i]) * difference * difference;
    }
    if (error < leastError) {
      leastError = error;
      best = kept;
    }
  }
  return best;
}

/// KL(P || Q) of the first `kept` bins: P has all larger elements in its last bin; Q is the bins
/// joined into `levels`, each spread evenly over those of its bins that are not empty.
static double entropyOf(std::span<const int64_t> bins, size_t kept, size_t levels) {
  std::vector<double> reference(bins.begin(), bins.begin() + int64_t(kept));
  std::vector<double> quantized(kept);
  double quantizedTotal = 0;
  for (size_t level = 0, begin = 0; level < levels; ++level) {
    const size_t end = (level + 1) * kept / levels;
    double sum = 0;
    size_t filled = 0;
    for (size_t i = begin; i < end; ++i) {
      sum += reference[i];
      filled += reference[i] > 0;
    }
    for (size_t i = begin; i < end; ++i)
      if (reference[i] > 0)
        quantized[i] = sum / double(filled);
    quantizedTotal += sum;
    begin = end;
  }
  double total = quantizedTotal;
  for (int64_t count : bins.subspan(kept)) {
    reference.back() += double(count);
    total += double(count);
  }
  double divergence = 0;
  for (size_t i = 0; i < kept; ++i)
    if (reference[i] > 0)
      divergence +=
          reference[i] / total * std::log(reference[i] / total / (quantized[i] / quantizedTotal));
  return divergence;
}

static size_t chooseEntropy(std::span<const int64_t> bins, size_t levels) {
  size_t best = bins.size();
  double least = INFINITY;
  for (size_t kept = bins.size(); kept >= levels; --kept)
    if (double divergence = entropyOf(bins, kept, levels); divergence < least) {
      least = divergence;
      best = kept;
    }
  return best;
}

//===----------------------------------------------------------------------===//
// All together
//===----------------------------------------------------------------------===//

float qopt::chooseStaticAmax(const ProfiledInput &input, const RangeChoice &choice,
                             const Scheme &scheme) {
  const float absmax = input.tensorAbsmax();
  const std::span<const int64_t> bins = usedBins(input);
  if (choice.method == RangeMethod::Max || bins.empty())
    return absmax;
  size_t kept = bins.size();
  if (choice.method == RangeMethod::Percentile)
    kept = choosePercentile(bins, choice.percentile);
  else if (choice.method == RangeMethod::Mse)
    kept = chooseMse(bins, binWidth(input), scheme);
  else if (scheme.storage == Storage::Int8)
    kept = chooseEntropy(bins, 128);
  else
    fail("range=entropy is defined for int8, not for {}; max, percentile and mse are",
         name(scheme.storage));
  return std::min(absmax, float(double(kept) * binWidth(input)));
}
