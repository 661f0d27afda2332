//===- ChannelEncoder.h - tokens become codes by channel --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CHANNELENCODER_H
#define QOPT_LOWERING_CPU_CHANNELENCODER_H

#include "lowering/cpu/CacheGeometry.h"

namespace qopt::cpu {

/// Codes a whole group of tokens of a page, each channel with a scale and a zero of its own (KIVI,
/// arXiv 2402.02750): `scale = (max - min) / (2^b - 1)`, the minimum as zero, half-even, computed
/// with both as stored. Of progressive codes (TurboAttention, arXiv 2412.08585) the group is a tile
/// that is first coded as integers of `s = amax / 119`, f16, half-even and within 119; what is
/// coded by channel are these, with integers for scale and zero: `max(1, round((max - min) / (2^b -
/// 1)))` and the minimum.
class ChannelEncoder {
public:
  ChannelEncoder(CodeBuilder &b, const CachePool &pool) : b(b), pool(pool), window(pool.window()) {}

  /// Reads the group from the page's block of the window and stores it in its block of the pool.
  void encode(mlir::Value windowBlock, mlir::Value block, mlir::Value tokenGroup);

private:
  struct Group {
    mlir::Value windowBlock, block, index;
    mlir::Value divisor; ///< of progressive codes, in all lanes
  };
  /// In lanes, those of 16 channels or of one.
  struct Parameters {
    mlir::Value scale, zero;
  };

  void storeTileScale(Group &group);
  mlir::Value largestOf(const Group &group);
  /// 16 numbers of the window, as what is coded by channel.
  mlir::Value load(const Group &group, mlir::Value address);
  /// `number` as it is in the window: of token `token` of the group for values, 16 tokens from
  /// there on for keys.
  mlir::Value address(const Group &group, mlir::Value channel, mlir::Value token);
  Parameters measure(mlir::Value least, mlir::Value greatest);
  void store(const Group &group, const Parameters &parameters, mlir::Value channel);
  mlir::Value code(mlir::Value number, const Parameters &parameters);
  double codes() const { return double((int64_t(1) << pool.format.bits) - 1); }

  CodeBuilder::Values encodeKeys(const Group &group, mlir::Value channel);
  void encodeKeyRow(const Group &group, mlir::Value row);
  void encodeValues(const Group &group, mlir::Value index);

  CodeBuilder &b;
  const CachePool &pool;
  const CachePool window;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CHANNELENCODER_H
