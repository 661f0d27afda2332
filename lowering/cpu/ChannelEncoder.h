//===- ChannelEncoder.h - keys become codes by channel ---------*- C++ -*-===//
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
/// with both as stored.
class ChannelEncoder {
public:
  ChannelEncoder(CodeBuilder &b, const CachePool &pool) : b(b), pool(pool) {}

  /// Reads the group from the page's block of the window and stores it in its block of the pool.
  void encode(mlir::Value windowBlock, mlir::Value block, mlir::Value tokenGroup);

private:
  CodeBuilder::Values encodeChannel(mlir::Value windowBlock, mlir::Value block,
                                    mlir::Value tokenGroup, mlir::Value channel);

  CodeBuilder &b;
  const CachePool &pool;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CHANNELENCODER_H
