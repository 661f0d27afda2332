//===- CacheStatistics.cpp - what a profile knows of keys and values ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/cache/CacheStatistics.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/Hadamard.h"
#include <algorithm>
#include <cmath>

using namespace qopt;

static const ProfiledInput &findInput(const Profile &profile, llm::CacheOp cache, bool isKey) {
  std::string name = cache.getSymName().str() + (isKey ? ".k" : ".v");
  const ProfiledInput *input = profile.find(name);
  int64_t channels = int64_t(cache.getKvHeads()) * int64_t(cache.getHeadDim());
  if (!input)
    fail(
        "{} has no statistics of '{}': it was recorded with a compressed cache or by an older qrun",
        profile.path(), name);
  if (input->channels != channels)
    fail("{} has {} channels of '{}', but the model {}", profile.path(), input->channels, name,
         channels);
  return *input;
}

CacheFormat::StaticScale qopt::staticCacheScale(const Profile &profile, llm::CacheOp cache,
                                                bool isKey, bool asymmetric) {
  const ProfiledInput &input = findInput(profile, cache, isKey);
  double least = *std::ranges::min_element(input.min), most = *std::ranges::max_element(input.max);
  double scale = asymmetric ? (most - least) / 255 : input.tensorAbsmax() / 127.0;
  if (scale <= 0)
    fail("{}: the cache '{}' holds one value only, which gives no scale", profile.path(),
         cache.getSymName().str());
  return {double(float(scale)), asymmetric ? double(float((least + most) / 2)) : 0};
}

double qopt::leastCacheScale(const Profile &profile, llm::CacheOp cache, bool isKey,
                             const CacheFormat &format) {
  const ProfiledInput &input = findInput(profile, cache, isKey);
  const int64_t headDim = cache.getHeadDim(), group = format.groupOf(headDim);
  std::vector<float> rows = profile.sample(input);
  std::vector<float> signs;
  if (format.hadamard)
    signs = hadamardSigns(*format.hadamard, headDim);
  double least = INFINITY;
  for (size_t first = 0; first < rows.size(); first += size_t(headDim)) {
    std::span<float> head = std::span(rows).subspan(first, size_t(headDim));
    if (format.hadamard)
      rotate(head, signs);
    for (int64_t begin = 0; begin < headDim; begin += group) {
      double largest = 0, squares = 0;
      for (float value : head.subspan(size_t(begin), size_t(group))) {
        largest = std::max(largest, std::abs(double(value)));
        squares += double(value) * value;
      }
      bool isRms = format.code == CacheFormat::Code::LloydMax;
      double scale = isRms ? std::sqrt(squares / double(group)) : largest;
      if (scale > 0)
        least = std::min(least, scale);
    }
  }
  if (!std::isfinite(least))
    fail("{}: the rows kept of cache '{}' are all zero", profile.path(), cache.getSymName().str());
  return least;
}
