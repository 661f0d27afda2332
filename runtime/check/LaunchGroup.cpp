//===- LaunchGroup.cpp - launches of two targets that compute one thing ---===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/LaunchGroup.h"

#include "runtime/check/CacheLayout.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;

static bool hasSlot(const std::vector<GroupRows> &list, size_t slot) {
  return std::ranges::find(list, slot, &SlotArgument::slot) != list.end();
}

/// The scales of the fp8 codes that are argument `i` come next, or are given: then the one matrix
/// of f32 among the weights is theirs.
static GroupRows rowsOf(const PlanLaunch &launch, size_t i) {
  GroupRows rows{std::get<SlotArgument>(launch.arguments[i]), {}, {}};
  if (!rows.isFp8())
    return rows;
  const auto *next = i + 1 < launch.arguments.size()
                         ? std::get_if<SlotArgument>(&launch.arguments[i + 1])
                         : nullptr;
  if (next && next->isResult == rows.isResult) {
    rows.scales = *next;
    return rows;
  }
  for (const PlanArgument &argument : launch.arguments)
    if (const auto *weight = std::get_if<WeightArgument>(&argument);
        weight && weight->form == WeightForm::RowsF32 && !rows.scaleWeight)
      rows.scaleWeight = weight->weight;
  return rows;
}

LaunchGroup::LaunchGroup(const PlanFunction &whole, std::span<const PlanLaunch> launches)
    : function{
          whole.name, whole.rows, whole.slots, whole.result, {launches.begin(), launches.end()}} {
  std::vector<GroupRows> written;
  for (const PlanLaunch &launch : launches) {
    results.clear();
    for (size_t i = 0; i < launch.arguments.size(); ++i) {
      const PlanArgument &argument = launch.arguments[i];
      if (std::holds_alternative<SlotArgument>(argument)) {
        GroupRows rows = rowsOf(launch, i);
        if (rows.isResult)
          results.push_back(rows);
        else if (!hasSlot(written, rows.slot) && !hasSlot(operands, rows.slot))
          operands.push_back(rows);
        i += rows.scales.has_value();
      } else if (auto *input = std::get_if<StepInput>(&argument)) {
        readsHidden |= *input == StepInput::Hidden;
        readsLogits |= *input == StepInput::Logits;
        usesPositions |= *input == StepInput::TokenPos || *input == StepInput::Past;
      } else if (auto *cache = std::get_if<CacheArgument>(&argument)) {
        if (std::ranges::find(caches, cache->cache) == caches.end())
          caches.push_back(cache->cache);
      }
    }
    written.insert(written.end(), results.begin(), results.end());
  }
}

std::string LaunchGroup::kernels() const {
  std::string names;
  for (const PlanLaunch &launch : function.launches)
    names += (names.empty() ? "" : "+") + launch.kernel;
  return names;
}

/// The launches from the first on that are for the same module. What only observes is skipped.
static std::span<const PlanLaunch> takeModule(std::span<const PlanLaunch> &rest) {
  auto end = std::ranges::find_if(
      rest, [&](const PlanLaunch &launch) { return launch.location != rest.front().location; });
  std::span<const PlanLaunch> taken = rest.first(size_t(end - rest.begin()));
  rest = rest.subspan(taken.size());
  return taken;
}

/// What is appended as codes only shows in what attends over it.
static bool usesCodes(std::span<const PlanLaunch> launches, std::span<const PlanCache> caches) {
  for (const PlanLaunch &launch : launches)
    for (const PlanArgument &argument : launch.arguments)
      if (auto *cache = std::get_if<CacheArgument>(&argument);
          cache && !hasPlainElements(caches[cache->cache]))
        return true;
  return false;
}

std::vector<GroupPair> qopt::pairLaunches(const PlanFunction &checked,
                                          const PlanFunction &reference,
                                          std::span<const PlanCache> caches,
                                          const std::string &where) {
  std::vector<GroupPair> pairs;
  std::span<const PlanLaunch> left = checked.launches, right = reference.launches;
  while (!left.empty() || !right.empty()) {
    if (left.empty() || right.empty() || left.front().location != right.front().location)
      fail("{}: {} computes {} where the other target computes {}: they cannot be compared", where,
           checked.name, left.empty() ? "nothing more" : quote(left.front().location),
           right.empty() ? "nothing more" : quote(right.front().location));
    std::span<const PlanLaunch> ours = takeModule(left), theirs = takeModule(right);
    if (std::ranges::equal(ours, theirs, {}, &PlanLaunch::op, &PlanLaunch::op) &&
        !usesCodes(ours, caches))
      for (size_t i = 0; i < ours.size(); ++i)
        pairs.push_back({{checked, ours.subspan(i, 1)}, {reference, theirs.subspan(i, 1)}});
    else
      pairs.push_back({{checked, ours}, {reference, theirs}});
  }
  return pairs;
}
