//===- CacheStatistics.h - what a profile knows of keys and values -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_CACHE_CACHESTATISTICS_H
#define QOPT_PASSES_CACHE_CACHESTATISTICS_H

#include "dialects/llm/Llm.h"
#include "runtime/calibration/Profile.h"
#include "runtime/quantization/CacheFormat.h"

namespace qopt {

/// lmdeploy's static int8 (before v0.4): over all keys, or all values, of a layer, asymmetric
/// `zero = (min + max) / 2, scale = (max - min) / 255`, symmetric `scale = absmax / 127`. Throws an
/// Error if the profile has not seen the cache.
CacheFormat::StaticScale staticCacheScale(const Profile &profile, llm::CacheOp cache, bool isKey,
                                          bool asymmetric);

/// The least scale that the format would give a group of those keys or values that the profile
/// kept. Throws an Error if the profile has not seen the cache.
double leastCacheScale(const Profile &profile, llm::CacheOp cache, bool isKey,
                       const CacheFormat &format);

} // namespace qopt

#endif // QOPT_PASSES_CACHE_CACHESTATISTICS_H
