//===- CacheEncoder.h - a head becomes cached codes ----------- -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CACHEENCODER_H
#define QOPT_LOWERING_CPU_CACHEENCODER_H

#include "lowering/cpu/CacheGeometry.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// Codes the head of a token and stores it in a block of the cache.
class CacheEncoder {
public:
  CacheEncoder(CodeBuilder &b, EmittedModule &target, const CachePool &pool);

  /// `head` is headDim f32 in scratch memory, followed by padding up to the geometry's paddedDim();
  /// `codes` is scratch memory for as many codes.
  void append(mlir::Value head, mlir::Value codes, mlir::Value block, mlir::Value slot);

private:
  /// What a group is coded by: `code = (x - zero) / divisor`, in all lanes; no zero where
  /// symmetric.
  struct Parameters {
    mlir::Value divisor, zero;
  };

  Parameters measure(mlir::Value group);
  /// Of an integer group, in all lanes.
  struct Range {
    mlir::Value least, greatest;
  };
  Range rangeOf(mlir::Value group);
  Range search(mlir::Value group, const Range &whole);
  Parameters measureAndStore(mlir::Value group, mlir::Value block, mlir::Value index,
                             mlir::Value slot);
  /// The greatest of `value` over a group's vectors, in all lanes.
  mlir::Value reduce(mlir::Value group, bool sum,
                     llvm::function_ref<mlir::Value(mlir::Value)> value);
  /// The index of the scale in the table; `scale` becomes the entry.
  mlir::Value findScale(mlir::Value &scale);
  mlir::Value roundToF16(mlir::Value value);

  mlir::Value encode(mlir::Value x, const Parameters &parameters);
  mlir::Value encodeInteger(mlir::Value x);
  mlir::Value encodeUniform(mlir::Value x);
  mlir::Value encodeNearest(mlir::Value x);
  mlir::Value encodeFp8(mlir::Value x);
  void storeF16(mlir::Value vector, mlir::Value address);

  mlir::Value integers(int64_t value);

  CodeBuilder &b;
  EmittedModule &target;
  const CachePool &pool;
  const CacheFormat &format;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CACHEENCODER_H
