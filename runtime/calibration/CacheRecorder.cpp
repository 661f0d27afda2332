//===- CacheRecorder.cpp - statistics of keys and values ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/CacheRecorder.h"

using namespace qopt;

CacheRecorder::CacheRecorder(const PlanTarget &target, int64_t expectedRows, int64_t sampleRows) {
  for (size_t i = 0; i < target.caches.size(); ++i)
    for (CachePart part : {CachePart::Key, CachePart::Value}) {
      const PlanCache &cache = target.caches[i];
      if (cache.pool(part).format != "f32")
        continue;
      parts.push_back({i, part});
      statistics.push_back(
          {{cache.name + (part == CachePart::Key ? ".k" : ".v")},
           InputStatistics(cache.kvHeads * cache.headDim, expectedRows, sampleRows)});
    }
}

void CacheRecorder::record(const KvCache &cache, SequenceId sequence) {
  for (size_t i = 0; i < parts.size(); ++i) {
    const std::vector<float> rows = cache.rows(sequence, parts[i].cache, parts[i].part);
    InputStatistics &input = statistics[i].statistics;
    input.add(rows.data(), cache.length(sequence), input.channels());
  }
}
