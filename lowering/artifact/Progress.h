//===- Progress.h - how far a long write is ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PROGRESS_H
#define QOPT_LOWERING_ARTIFACT_PROGRESS_H

#include <chrono>
#include <cstdint>

namespace qopt {

/// A line on stderr that is rewritten in place: tensors, MB/s, time left. Silent unless stderr is a
/// terminal.
class Progress {
public:
  Progress(uint64_t totalTensors, uint64_t totalBytes);
  /// Removes the line.
  ~Progress();
  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  void update(uint64_t tensors, uint64_t bytes);

private:
  const bool isVisible;
  const uint64_t totalTensors;
  const uint64_t totalBytes;
  const std::chrono::steady_clock::time_point start;
};

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PROGRESS_H
