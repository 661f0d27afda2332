//===- RowQuantizer.h - codes of rows of an activation ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_ROWQUANTIZER_H
#define QOPT_LOWERING_CPU_ROWQUANTIZER_H

#include "dialects/q/Q.h"
#include "lowering/cpu/CodeBuilder.h"

namespace qopt::cpu {

/// Quantizes rows of f32 under a symmetric scheme, bit for bit as runtime/quantization/BlockCodec.h
/// does. A row of zeros has scale 0 and codes 0; elements that are no numbers become any code.
class RowQuantizer {
public:
  /// Results are codes (int8 only) or, `asValues`, what they stand for, as f32.
  RowQuantizer(CodeBuilder &b, q::SchemeAttr scheme, int64_t columns, bool asValues);

  /// Quantizes a row at `values` into `result`, both pointers. Scales are stored at `scales` unless
  /// it is null.
  void quantize(mlir::Value values, mlir::Value result, mlir::Value scales);
  /// The same with the scale of a tensor, an f32 that `scale` points to.
  void quantizeBy(mlir::Value scale, mlir::Value values, mlir::Value result);

  // In steps, for a scale that several rows share.
  /// The magnitude of the largest element of a row, or of `atLeast`, in all lanes.
  mlir::Value largestOf(mlir::Value values, mlir::Value atLeast);
  /// What a block of elements shares, as vectors of equal lanes.
  struct Block {
    mlir::Value scale;   ///< as stored
    mlir::Value divisor; ///< what elements are divided by, or null:
    mlir::Value factor;  ///< what they are multiplied by, otherwise; after a division, too, if set
  };
  Block blockOf(mlir::Value largest);
  void encode(const Block &block, mlir::Value values, mlir::Value result);
  void storeScale(const Block &block, mlir::Value scales, mlir::Value index);

private:
  mlir::Value largestOf(mlir::Value values, int64_t count, mlir::Value atLeast);
  void encode(const Block &block, mlir::Value values, mlir::Value result, int64_t count);
  Block blockOfScale(mlir::Value scale, mlir::Value stored, mlir::Value largest);
  mlir::Value codeOf(const Block &block, mlir::Value value);
  mlir::Value roundInteger(mlir::Value value);
  mlir::Value roundFloat(mlir::Value value);

  CodeBuilder &b;
  Scheme scheme;
  int64_t columns;
  bool asValues;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_ROWQUANTIZER_H
