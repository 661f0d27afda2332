//===- AutoFormats.h - formats by measured sensitivity ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_CACHE_AUTOFORMATS_H
#define QOPT_PASSES_CACHE_AUTOFORMATS_H

#include "dialects/llm/Llm.h"
#include "runtime/calibration/Profile.h"

namespace qopt {

/// One of these; of the caches that formats are chosen for, scales and zeros included.
struct CacheBudget {
  std::optional<double> bits;   ///< of an element, on average
  std::optional<int64_t> bytes; ///< of a token
  std::optional<double> kl;     ///< that may be lost, in nats
  /// Tokens of a sequence, which share the bytes of a window of its newest ones.
  int64_t context;
};

/// Gives keys and values of each of `caches` one of the formats that the profile measured for them:
/// those whose divergences, taken to add up, sum to least within the budget (FormatKnapsack.h). If
/// the caches are all of the model's, and one mode for everything fits the budget and was
/// measured to cost less than that sum, it is that one. Returns what was done in words; where
/// `trace` is no empty path, writes a JSON file of all that was considered. Throws an Error if the
/// profile has no sensitivities of these caches, or nothing fits the budget.
std::string chooseCacheFormats(llvm::ArrayRef<llm::CacheOp> caches, bool areAll,
                               const Profile &profile, const CacheBudget &budget,
                               const std::string &trace);

} // namespace qopt

#endif // QOPT_PASSES_CACHE_AUTOFORMATS_H
