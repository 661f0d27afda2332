//===- LaunchGroup.h - launches of two targets that compute one thing -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_LAUNCHGROUP_H
#define QOPT_RUNTIME_CHECK_LAUNCHGROUP_H

#include "runtime/artifact/Plan.h"
#include <span>

namespace qopt {

/// What launches take or give in a slot. Codes of fp8 count as the values that they stand for, as
/// which other targets have them: with their scales, which are in another slot, or one of all rows,
/// which is a weight.
struct GroupRows : SlotArgument {
  std::optional<SlotArgument> scales;
  std::optional<size_t> scaleWeight;

  bool isFp8() const { return type == DType::F8E4M3 || type == DType::F8E5M2; }
};

/// Launches in a row, as a function, and what they take and give.
struct LaunchGroup {
  PlanFunction function;
  std::vector<GroupRows> operands; ///< Slots that are read before they are written, each once.
  std::vector<GroupRows> results;  ///< Slots that the last launch writes.
  std::vector<size_t> caches;      ///< Those used, each once.
  bool readsHidden = false;
  bool readsLogits = false;
  bool usesPositions = false; ///< Whether results depend on the tokens of the past.

  LaunchGroup(const PlanFunction &whole, std::span<const PlanLaunch> launches);
  /// "attention_4h_2kv_64_to_bf16", or several, with "+".
  std::string kernels() const;
};

/// Launches of the checked target beside those of the target it is checked against.
struct GroupPair {
  LaunchGroup checked;
  LaunchGroup reference;
};

/// Pairs the launches of two functions that compute the same by the modules they are for: one by
/// one, or, where one target does in a launch what the other does in several, all of a module's.
/// Throws an Error, which begins with `where`, if there is no such pairing.
std::vector<GroupPair> pairLaunches(const PlanFunction &checked, const PlanFunction &reference,
                                    std::span<const PlanCache> caches, const std::string &where);

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_LAUNCHGROUP_H
