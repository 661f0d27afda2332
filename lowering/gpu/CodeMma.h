//===- CodeMma.h - codes on tensor cores ------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_CODEMMA_H
#define QOPT_LOWERING_GPU_CODEMMA_H

#include "lowering/gpu/CodeProduct.h"

namespace qopt::ptx {

/// Tiles of 16 rows of x and 8 of the weight, 32 codes deep, multiplied by one warp. Integers are,
/// and fp8 where the chip has such products; elsewhere fp8 becomes f16 in registers, exactly.
///
/// Integers that are scaled at the end stay i32. Other sums are f32, and tensor cores start them
/// anew every 32 codes (or every 16, where blocks end between): there they are scaled, and fp8
/// products keep fewer bits than f32 on the way.
class CodeMma {
public:
  static constexpr int64_t kDepth = 32;
  /// Words as tensor cores take them.
  using Fragment = llvm::SmallVector<mlir::Value>;
  /// 16 rows of x, of which a thread's sums belong to two. Scales and sums of codes, where they are
  /// needed, are of these, for each part of the depth that has scales of its own.
  struct XTile {
    Fragment words;
    llvm::SmallVector<Scalar> scales, codeSums;
  };
  /// 8 rows of the weight, of which a thread's sums belong to two neighbours.
  struct WeightTile {
    Fragment words;
    llvm::SmallVector<WeightCodes::Parameters> parameters;
  };

  CodeMma(kernel::MatmulOp op, KernelFunction &function, bool hasFp8Products)
      : b(function.getBuilder()), product(op, function), blocks(product.getBlocks()),
        isNative(hasFp8Products && parts() == 1) {}

  CodeProduct &getProduct() { return product; }
  bool isByBlock() const { return blocks.isByBlock; }

  /// From the words of codes that ldmatrix brings, four; `rows` are those of the thread's sums, and
  /// `k` the first code's place.
  XTile xTile(llvm::ArrayRef<mlir::Value> words, std::array<Scalar, 2> rows, Scalar k);
  /// The same with two words.
  WeightTile weightTile(llvm::ArrayRef<mlir::Value> words, std::array<Scalar, 2> rows, Scalar k);
  /// A word of four codes of 4 bits, which are in the lower half of `bits`.
  Scalar widen(Scalar bits);
  /// `sums` and the product of two tiles.
  MmaSums multiply(const XTile &x, const WeightTile &weight, const MmaSums &sums);
  Scalar finish(Scalar sum, Scalar row, Scalar weightRow);

private:
  /// Pieces of the depth whose codes have the same scales.
  int64_t parts() const {
    bool hasMany = blocks.isByBlock && blocks.depth < product.getDepth();
    return hasMany && blocks.depth % kDepth != 0 ? 2 : 1;
  }
  bool usesHalves() const { return !blocks.isInteger && !isNative; }
  int halfExponent();
  llvm::ArrayRef<mlir::Value> partOf(const Fragment &fragment, int64_t part);
  /// Beyond the depth there are zeros, for which any scale does.
  Scalar placeOf(int64_t part, Scalar k) {
    return min(k + part * (kDepth / 2), b.i32(product.getDepth() - 1));
  }
  MmaSums multiplyWords(llvm::ArrayRef<mlir::Value> x, llvm::ArrayRef<mlir::Value> weight,
                        MmaSums sums);
  /// The products of one part as f32, from nothing on.
  std::array<Scalar, 4> multiplyPart(llvm::ArrayRef<mlir::Value> x,
                                     llvm::ArrayRef<mlir::Value> weight);

  PtxBuilder &b;
  CodeProduct product;
  CodeBlocks blocks;
  bool isNative;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_CODEMMA_H
