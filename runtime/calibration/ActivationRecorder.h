//===- ActivationRecorder.h - statistics of what a plan has observed *- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_ACTIVATIONRECORDER_H
#define QOPT_RUNTIME_CALIBRATION_ACTIVATIONRECORDER_H

#include "runtime/calibration/WriteProfile.h"
#include "runtime/device/ActivationObserver.h"
#include <unordered_map>

namespace qopt {

/// Collects the statistics of all observations of a plan; prefill and decode count together.
class ActivationRecorder : public ActivationObserver {
public:
  /// `expectedRows` and `sampleRows` are InputStatistics'. Throws an Error if the target observes
  /// nothing, or two of its functions disagree about an input.
  ActivationRecorder(const PlanTarget &target, int64_t expectedRows, int64_t sampleRows);

  void observe(const PlanObservation &observation, const float *values,
               int64_t rows) noexcept override;

  /// Throws an Error naming an input and its first row that was not finite.
  void checkFinite() const;
  std::span<const NamedStatistics> inputs() const { return statistics; }

private:
  void add(const PlanFunction &function, int64_t expectedRows, int64_t sampleRows);

  std::vector<NamedStatistics> statistics;
  std::unordered_map<std::string, size_t> indexByWeight; ///< By the first of an input's weights.
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_ACTIVATIONRECORDER_H
