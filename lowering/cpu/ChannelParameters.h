//===- ChannelParameters.h - scales and zeros of channels -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CHANNELPARAMETERS_H
#define QOPT_LOWERING_CPU_CHANNELPARAMETERS_H

#include "lowering/cpu/CacheGeometry.h"

namespace qopt::cpu {

/// What codes by channel stand for, `scale * code + zero`, for a group of tokens of a block. Those
/// of a progressive tile are integers times the scale of the tile.
struct ChannelParameters {
  mlir::Value scale, zero;

  /// Of 16 channels from `first` on.
  static ChannelParameters load(CodeBuilder &b, const CachePool &pool, mlir::Value block,
                                mlir::Value tokenGroup, mlir::Value first);
  /// Of one channel, in all lanes.
  static ChannelParameters broadcast(CodeBuilder &b, const CachePool &pool, mlir::Value block,
                                     mlir::Value tokenGroup, mlir::Value channel);
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CHANNELPARAMETERS_H
