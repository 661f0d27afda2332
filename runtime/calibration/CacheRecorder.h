//===- CacheRecorder.h - statistics of keys and values ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_CACHERECORDER_H
#define QOPT_RUNTIME_CALIBRATION_CACHERECORDER_H

#include "runtime/calibration/ActivationRecorder.h"
#include "runtime/session/KvCache.h"

namespace qopt {

/// Statistics of what a model's caches hold, as inputs called "layers.0.k" and "layers.0.v": keys
/// after their rotary embedding.
class CacheRecorder {
public:
  /// `expectedRows` and `sampleRows` are InputStatistics'. Compressed caches, and those of other
  /// devices than CPUs, are left out.
  CacheRecorder(const PlanTarget &target, int64_t expectedRows, int64_t sampleRows);

  /// Adds all tokens of a sequence.
  void record(const KvCache &cache, SequenceId sequence);
  std::span<const NamedStatistics> inputs() const { return statistics; }

private:
  struct Part {
    size_t cache;
    CachePart part;
  };
  std::vector<Part> parts; ///< Of each of the statistics.
  std::vector<NamedStatistics> statistics;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_CACHERECORDER_H
