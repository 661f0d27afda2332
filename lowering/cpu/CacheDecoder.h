//===- CacheDecoder.h - cached codes as vectors of f32 ---------- -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CACHEDECODER_H
#define QOPT_LOWERING_CPU_CACHEDECODER_H

#include "lowering/cpu/CacheGeometry.h"
#include "lowering/cpu/KernelBody.h"

namespace qopt::cpu {

/// Reads a block of a cache in registers: codes as numbers before scale and zero, and the scales
/// and zeros of 16 tokens.
class CacheDecoder {
public:
  CacheDecoder(CodeBuilder &b, EmittedModule &target, const CachePool &pool);

  /// The codes at `address`, which are not linear: of 16 tokens, or of 16 elements of a value, with
  /// those that share bytes with them.
  CodeBuilder::Values load(mlir::Value address);
  /// The scales of a group for 16 tokens from `token` on; of formats that have scales.
  mlir::Value scales(mlir::Value block, mlir::Value group, mlir::Value token);
  /// The zeros of such tokens as stored, the minima; of asymmetric formats.
  mlir::Value minima(mlir::Value block, mlir::Value group, mlir::Value token);
  /// What the codes' bias stands for in such tokens; of formats that have zeros.
  mlir::Value zeros(mlir::Value block, mlir::Value group, mlir::Value token);

private:
  mlir::Value widen(mlir::Value bytes);
  CodeBuilder::Values loadStreams(mlir::Value address);
  mlir::Value loadElements(mlir::Value address);
  mlir::Value point(mlir::Value codes);
  mlir::Value integers(int64_t value);
  mlir::Value lookUp(llvm::StringRef name, llvm::ArrayRef<float> entries, mlir::Value indices);

  CodeBuilder &b;
  EmittedModule &target;
  const CachePool &pool;
  const CacheFormat &format;
  /// What codes of a table stand for.
  llvm::SmallVector<float> points;
};

/// What each Lloyd-Max code stands for.
llvm::SmallVector<float> codePoints(const CacheFormat &format);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CACHEDECODER_H
