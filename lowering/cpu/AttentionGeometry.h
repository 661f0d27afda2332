//===- AttentionGeometry.h - items and scratch of attention -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_ATTENTIONGEOMETRY_H
#define QOPT_LOWERING_CPU_ATTENTIONGEOMETRY_H

#include "lowering/cpu/CacheGeometry.h"
#include "lowering/cpu/KernelConfig.h"
#include "lowering/cpu/Launch.h"

namespace qopt::cpu {

/// Queries that are computed together, which follow each other in scratch memory.
struct AttentionTile {
  mlir::Value first;
  int64_t queries, stride; ///< in f32 elements

  mlir::Value query(CodeBuilder &b, int64_t index) const {
    return b.element(b.getF32Type(), first, index * stride);
  }
};

/// How a kernel.attention is cut into items, and what an item keeps in its scratch memory for each
/// of its queries (a query is one row of one head).
struct AttentionGeometry {
  AttentionConfig config;
  CacheGeometry cache;
  std::optional<int64_t> staticRows; ///< rows of the function, where known
  int64_t heads;                     ///< query heads of the kernel
  llm::SasAttr softmax;              ///< how the exponential is approximated, if it is
  llm::RopeAttr rope;                ///< how keys are rotated when they are read, if they are
  mlir::Type keyBias;                ///< of the elements of what is added to keys, if there is any

  /// Checks that the heads of an item divide those of a KV head.
  static mlir::FailureOr<AttentionGeometry> get(kernel::AttentionOp op,
                                                const AttentionConfig &config);

  int64_t headsPerKvHead() const { return heads / cache.kvHeads(); }
  /// Items that share a KV head and a block of rows.
  int64_t splits() const { return headsPerKvHead() / config.heads; }
  int64_t rowsPerItem() const;
  int64_t queriesPerItem() const { return rowsPerItem() * config.heads; }

  // Scratch memory in f32 elements, a row for each query: the query itself, scaled; the output so
  // far; scores of a page; vectors of the maximum, the sum and the correction of the softmax; where
  // values have scales, a page's weights times those of a group (IntegerValues.h and
  // ChannelValues.h where codes are integers); of keys that are rotated when they are read, the
  // query turned back by a page's first position; of integer keys otherwise, what IntegerScores.h
  // or ChannelScores.h keep of the query; where the newest tokens are kept apart, their scores and
  // then weights. Behind the queries, the item's KeyTile.
  int64_t queryOffset() const { return 0; }
  int64_t outputOffset() const { return cache.paddedDim(); }
  int64_t scoreOffset() const { return outputOffset() + cache.paddedDim(); }
  int64_t maximumOffset() const { return scoreOffset() + kPageTokens; }
  int64_t sumOffset() const { return maximumOffset() + kLanes; }
  int64_t correctionOffset() const { return sumOffset() + kLanes; }
  int64_t scaledWeightOffset() const { return correctionOffset() + kLanes; }
  int64_t queryPartsOffset() const;
  int64_t windowScoreOffset() const;
  int64_t queryStride() const {
    return windowScoreOffset() + (cache.hasWindow() ? kPageTokens : 0);
  }
  int64_t keyTileOffset() const { return queriesPerItem() * queryStride(); }
  int64_t scratchBytes() const;

  kernel::LaunchAttr launch(mlir::MLIRContext *context) const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_ATTENTIONGEOMETRY_H
