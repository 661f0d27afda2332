//===- ChannelWriter.h - keys become codes by channel -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CHANNELWRITER_H
#define QOPT_LOWERING_GPU_CHANNELWRITER_H

#include "lowering/gpu/CachePool.h"
#include "lowering/gpu/PtxBuilder.h"

namespace qopt::ptx {

/// A block codes a whole group of tokens of a page, each channel with a scale and a zero of its own
/// (KIVI, arXiv 2402.02750): `scale = (max - min) / (2^b - 1)`, the minimum as zero, half-even,
/// computed with both as stored. A lane has a token (or every 32nd) and as many channels as a word
/// of codes; lanes of a group exchange what they find.
class ChannelWriter {
public:
  ChannelWriter(PtxBuilder &b, const CachePool &pool, Scalar thread, int64_t warps)
      : b(b), pool(pool), lane(thread % kWarpSize), warp(thread / kWarpSize), warps(warps) {}

  /// Reads group `group` of a page from its block of the window and stores it in its block of the
  /// pool.
  void encode(mlir::Value windowBlock, mlir::Value block, Scalar group);

private:
  /// Channels whose codes are a word.
  int64_t wordChannels() const { return 32 / pool.bits(); }
  /// Lanes that share a channel.
  int64_t lanes() const { return std::min(kWarpSize, pool.format.group); }
  void encodeWord(mlir::Value windowBlock, mlir::Value block, Scalar group, Scalar firstChannel,
                  Scalar exists);

  PtxBuilder &b;
  const CachePool &pool;
  Scalar lane, warp;
  int64_t warps;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CHANNELWRITER_H
