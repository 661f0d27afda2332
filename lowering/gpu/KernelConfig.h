//===- KernelConfig.h - the choices behind each kernel ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel op's `config` attribute is a dictionary: an algorithm and its numbers. It may come from
// a tuning file or be edited by hand, so each reader checks that the emitter can build what it says
// and reports on the op what cannot be.
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_KERNELCONFIG_H
#define QOPT_LOWERING_GPU_KERNELCONFIG_H

#include "dialects/kernel/Kernel.h"
#include "lowering/gpu/CachePool.h"

namespace qopt::ptx {

/// Shared memory that a block may have on every chip from sm_80 on (sm_86 and sm_89: 99 KiB).
inline constexpr int64_t kMaxSharedBytes = int64_t(99) * 1024;

/// Multiprocessors of the chip that choices aim at: an H100. Smaller chips are filled as well.
inline constexpr int64_t kMultiprocessors = 132;

/// The sizes of a product: `x [rows, depth]`, weights `[ways * columns, depth]`.
struct MatmulShape {
  explicit MatmulShape(kernel::MatmulOp op);
  int64_t rows; ///< mlir::ShapedType::kDynamic in prefill
  int64_t depth, columns, ways;
  bool hasCodes;      ///< x is 8-bit codes, and so are the weights
  int64_t weightBits; ///< of an element: 16, or those of a code

  /// Weights that 16 bytes hold.
  int64_t weightsPerLoad() const { return 128 / weightBits; }

  // Tensor cores take x in units of 16 bits, a bf16 or two codes.
  int64_t unit() const { return hasCodes ? 2 : 1; }
  int64_t unitDepth() const { return (depth + unit() - 1) / unit(); }
  /// Of the weights that meet a unit.
  int64_t unitBits() const { return weightBits * unit(); }
};

/// How a product of codes with codes is scaled. Where a row of x and one of the weight, without
/// zeros, have one scale each, the sum of the row is scaled. Otherwise sums of codes within a block
/// are, which makes them f32.
struct CodeBlocks {
  explicit CodeBlocks(kernel::MatmulOp op);
  bool isInteger;  ///< sums are those of integers
  bool isByBlock;  ///< sums of a block are scaled
  bool hasXGroups; ///< scales of x differ by block
  int64_t depth;   ///< codes of a block
};

/// The sizes of an attention: `group` query heads share each of `kvHeads`.
struct AttentionShape {
  AttentionShape(mlir::Operation *op, mlir::FlatSymbolRefAttr cache, int64_t heads);
  int64_t kvHeads, group, headDim;
  int64_t
      headStride; ///< elements of a row of heads: headDim rounded up to 8, so that it is aligned
  CachePool keys, values;

  bool hasWindow() const { return keys.format.residual != 0 || values.format.residual != 0; }
  /// Tokens whose keys, or values, are coded together. Groups are powers of two.
  int64_t tokenGroup() const;
  /// Bytes of a head in shared memory, f32, from where it is coded; 0 where it never is.
  int64_t codedHeadBytes() const;
};

/// A block for each row: gather, norm, map.
struct RowConfig {
  static constexpr llvm::StringLiteral algorithm = "row";
  int64_t threads;

  static mlir::FailureOr<RowConfig> read(mlir::Operation *op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// A warp for each head of q, k and v.
struct HeadConfig {
  static constexpr llvm::StringLiteral algorithm = "head";
  int64_t warps;

  static mlir::FailureOr<HeadConfig> read(kernel::RopeAppendOp op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// Few rows of x: a warp computes `columns` output columns at once, `split` warps share the depth
/// of the same columns, and each lane has `unroll` loads of 16 bytes in flight for each weight row.
struct MatvecConfig {
  static constexpr llvm::StringLiteral algorithm = "matvec";
  int64_t warps, split, columns, unroll;

  int64_t blockColumns() const { return warps / split * columns; }
  int64_t sharedBytes(const MatmulShape &shape) const;
  static mlir::FailureOr<MatvecConfig> read(kernel::MatmulOp op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// Many rows of x, on tensor cores: a block computes `tileRows` x `tileColumns` weight rows with
/// `warpRows` x `warpColumns` warps, from a ring of `stages` tiles of `tileDepth` units.
struct MmaConfig {
  static constexpr llvm::StringLiteral algorithm = "mma";
  int64_t tileRows, tileColumns, tileDepth, stages, warpRows, warpColumns;

  int64_t threads() const { return warpRows * warpColumns * 32; }
  /// A stage: rows of x, then of the weights, as codes if they are.
  int64_t stageBytes(const MatmulShape &shape) const {
    return (tileRows * 16 + tileColumns * shape.unitBits()) * tileDepth / 8;
  }
  int64_t sharedBytes(const MatmulShape &shape) const { return stages * stageBytes(shape); }
  static mlir::FailureOr<MmaConfig> read(kernel::MatmulOp op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// Many rows of x, on the tensor cores of a warpgroup (`wgmma`, sm_90a): each 64 of `tileRows` are
/// a warpgroup's, and one more warp brings tiles of x and of `tileColumns` weight rows into a ring
/// of `stages`. It follows from the shape; a tuning file has no say.
struct WarpgroupConfig {
  int64_t tileRows, tileColumns, stages;

  /// Elements of a row in a stage: the 128 bytes that are swizzled.
  static constexpr int64_t kTileDepth = 64;
  static constexpr int64_t kRowBytes = 128;
  /// Shared memory that a block may have on sm_90.
  static constexpr int64_t kMaxSharedBytes = int64_t(227) * 1024;

  int64_t consumerWarps() const { return tileRows / 16; }
  int64_t threads() const { return (consumerWarps() + 1) * 32; }
  int64_t stageBytes() const { return (tileRows + tileColumns) * kRowBytes; }
  /// The ring, then two barriers for each stage.
  int64_t sharedBytes() const { return stages * (stageBytes() + 16); }
  /// Nothing where the weights are codes that x is not: they would have to be in shared memory as
  /// what they stand for. The same for codes that are scaled by block. Few rows are no matter of
  /// tensor cores.
  static std::optional<WarpgroupConfig> choose(kernel::MatmulOp op);
};

/// One new token of each sequence: a block for each row, KV head (and tile of 16 query heads on
/// it) and part of the past, which its `warps` share.
struct DecodeAttentionConfig {
  static constexpr llvm::StringLiteral algorithm = "decode";
  /// Query heads of a block: the rows of an mma tile.
  static constexpr int64_t kTile = 16;
  /// Elements of a head for which a warp can hold sums.
  static constexpr int64_t kWarpDims = 128;
  int64_t warps;

  static int64_t tileRows(const AttentionShape &shape) { return std::min(shape.group, kTile); }
  static int64_t tiles(const AttentionShape &shape) { return (shape.group + kTile - 1) / kTile; }
  /// Warps that take the same keys, and different elements of the values.
  static int64_t headSplit(const AttentionShape &shape) {
    return shape.headDim <= kWarpDims ? 1 : 2;
  }
  int64_t keyWarps(const AttentionShape &shape) const { return warps / headSplit(shape); }

  // Shared memory; DecodeAttention.h says what it holds.
  static int64_t queryBase() { return 16; }
  /// Elements of a query, with the zeros that meet what lanes of a quad load beyond the head.
  static int64_t queryColumns(const AttentionShape &shape);
  /// Elements from query to query: rows of a fragment start in different banks.
  static int64_t queryStride(const AttentionShape &shape);
  /// Where keys turn as they are read, queries are f32, and behind them are cosines and sines of a
  /// step's places, and the keys' bias.
  static int64_t angleBase(const AttentionShape &shape);
  static int64_t biasBase(const AttentionShape &shape);
  static int64_t partBase(const AttentionShape &shape);
  /// Elements from row to row of results: whole lines of all banks, within which they are swizzled.
  static int64_t resultStride(const AttentionShape &shape);
  int64_t maxParts(const AttentionShape &shape, int64_t splits) const {
    return std::max(keyWarps(shape), splits);
  }
  /// Of a maximum, or a sum, of each row of each part.
  int64_t partBytes(const AttentionShape &shape, int64_t splits) const;
  int64_t resultBase(const AttentionShape &shape, int64_t splits) const {
    return partBase(shape) + 2 * partBytes(shape, splits);
  }
  int64_t sharedBytes(const AttentionShape &shape, int64_t splits) const;

  static mlir::FailureOr<DecodeAttentionConfig> read(kernel::AppendAttentionOp op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// Many queries: each of `warps` warps has 16 rows, which are the query heads of a KV head for
/// consecutive tokens, against tiles of `keys` keys, double buffered.
struct PrefillAttentionConfig {
  static constexpr llvm::StringLiteral algorithm = "prefill";
  int64_t warps, keys;

  int64_t blockRows() const { return warps * 16; }
  int64_t blockTokens(const AttentionShape &shape) const { return blockRows() / shape.group; }
  int64_t sharedBytes(const AttentionShape &shape) const;
  static mlir::FailureOr<PrefillAttentionConfig> read(kernel::AttentionOp op);
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
};

/// The algorithm that `op`'s config names; null, with a diagnostic, without one.
mlir::StringAttr readAlgorithm(mlir::Operation *op);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_KERNELCONFIG_H
