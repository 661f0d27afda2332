//===- ChannelWriter.h - tokens become codes by channel ---------*- C++ -*-===//
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
/// computed with both as stored. Of progressive codes (TurboAttention, arXiv 2412.08585) the group
/// is a tile that is first coded as integers of `s = amax / 119`, f16, half-even and within 119;
/// what is coded by channel are these, with integers for scale and zero: `max(1, round((max - min)
/// / (2^b - 1)))` and the minimum. A lane has a token (or every 32nd) and as many channels as a
/// word of codes; lanes of a group exchange what they find.
class ChannelWriter {
public:
  ChannelWriter(PtxBuilder &b, const CachePool &pool, Scalar thread, int64_t warps)
      : b(b), pool(pool), lane(thread % kWarpSize), warp(thread / kWarpSize), warps(warps) {}

  /// Reads group `group` of a page from its block of the window and stores it in its block of the
  /// pool.
  void encode(mlir::Value windowBlock, mlir::Value block, Scalar group);

private:
  struct Group {
    mlir::Value windowBlock, block;
    Scalar index;
    Scalar divisor; ///< of progressive codes: the tile's scale
  };
  /// Channels that a lane codes at once: those of a word, or of a unit where that is less.
  int64_t wordChannels() const { return std::min(pool.unitElements(), 32 / pool.bits()); }
  /// Lanes that share a channel.
  int64_t lanes() const { return std::min(kWarpSize, pool.format.group); }
  /// The f16 numbers of a token in the window.
  int64_t rowElements() const { return pool.window().paddedDim(); }
  double largestCode() const { return double((int64_t(1) << pool.format.bits) - 1); }

  Scalar storeTileScale(const Group &group);
  /// What is coded by channel, of a number of the window.
  Scalar tileInteger(Scalar number, const Group &group);
  void encodeWord(const Group &group, Scalar firstChannel, Scalar exists);
  /// Of channels, as it is stored.
  Scalar scaleOf(Scalar least, Scalar greatest);
  void storeParameters(const Group &group, Scalar firstChannel, llvm::ArrayRef<Scalar> scales,
                       llvm::ArrayRef<Scalar> zeros);
  void storeBytes(mlir::Value at, llvm::ArrayRef<Scalar> integers);
  Scalar code(Scalar number, Scalar scale, Scalar zero);

  PtxBuilder &b;
  const CachePool &pool;
  Scalar lane, warp;
  int64_t warps;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CHANNELWRITER_H
