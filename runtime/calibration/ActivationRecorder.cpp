//===- ActivationRecorder.cpp - statistics of what a plan has observed ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/ActivationRecorder.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

ActivationRecorder::ActivationRecorder(const PlanTarget &target, int64_t expectedRows,
                                       int64_t sampleRows) {
  for (const PlanFunction *function : target.functions())
    add(*function, expectedRows, sampleRows);
  if (statistics.empty())
    fail("the artifact observes nothing: compile the model with qopt --instrument");
}

void ActivationRecorder::add(const PlanFunction &function, int64_t expectedRows,
                             int64_t sampleRows) {
  for (const PlanLaunch &launch : function.launches) {
    if (!launch.observation)
      continue;
    const PlanObservation &observation = *launch.observation;
    auto [known, isNew] = indexByWeight.try_emplace(observation.weights.front(), statistics.size());
    if (isNew) {
      statistics.push_back(
          {observation.weights, InputStatistics(observation.columns, expectedRows, sampleRows)});
      continue;
    }
    const NamedStatistics &same = statistics[known->second];
    if (same.weights != observation.weights || same.statistics.channels() != observation.columns)
      fail("the plan observes the input of {} twice, with different weights or channels",
           quote(observation.weights.front()));
  }
}

void ActivationRecorder::observe(const PlanObservation &observation, const float *values,
                                 int64_t rows) noexcept {
  auto found = indexByWeight.find(observation.weights.front());
  if (found != indexByWeight.end())
    statistics[found->second].statistics.add(values, rows, observation.stride);
}

void ActivationRecorder::checkFinite() const {
  for (const NamedStatistics &input : statistics)
    if (int64_t row = input.statistics.firstBadRow(); row >= 0)
      fail("the input of {} is not finite for token {} of the text; the weights or the kernels are "
           "broken",
           quote(input.weights.front()), row);
}
