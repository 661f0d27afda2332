//===- ReadBandwidth.h - how fast memory can be read ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_READBANDWIDTH_H
#define QOPT_TOOLS_QRUN_READBANDWIDTH_H

#include "runtime/artifact/HostMemory.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace qopt {

/// The rate at which all threads together can read a buffer and do nothing with it: what bounds a
/// program that reads its weights once for each token.
class ReadBandwidth : private StagedTask {
public:
  /// Of a buffer of `bytes`, but at least 1 MiB and at most 2 GiB, in memory of its own. Throws
  /// Error.
  ReadBandwidth(uint64_t bytes, unsigned threads);

  /// Reads the buffer a few times; returns bytes/s of the fastest.
  double measure();
  uint64_t bytes() const { return memory.bytes().size(); }

private:
  double readOnce();

  uint32_t numStages() const override { return 1; }
  uint32_t numPieces(uint32_t) const override { return pieces; }
  void runPiece(uint32_t stage, uint32_t piece, unsigned worker) override;

  HostMemory memory;
  uint32_t pieces; ///< Many, so that no thread waits long for a slower one.
  ThreadPool pool;
};

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_READBANDWIDTH_H
