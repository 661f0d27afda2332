//===- CacheLayout.h - where a token's keys and values lie ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CHECK_CACHELAYOUT_H
#define QOPT_RUNTIME_CHECK_CACHELAYOUT_H

#include "runtime/artifact/Plan.h"

namespace qopt {

/// Whether the elements of both pools are floats that CacheLayout finds, not codes.
bool hasPlainElements(const PlanCache &cache);

/// The layout of one pool of a cache (docs/architecture.md): pages of blocks, one for each KV head,
/// in which tokens or dimensions are outermost.
class CacheLayout {
public:
  /// Throws an Error if the elements are not f32 or bf16, or the layout is not known.
  CacheLayout(const PlanCache &cache, CachePart part, int64_t pageTokens);

  DType type() const { return elementType; }
  /// Of an element in the pool, in bytes. `token` is that of the page.
  size_t offset(int64_t page, int64_t head, int64_t token, int64_t dim) const {
    return size_t((page * kvHeads + head) * blockBytes) +
           size_t(token * tokenStep + dim * dimStep) * byteSize(elementType);
  }

private:
  DType elementType = DType::F32;
  int64_t kvHeads, blockBytes;
  int64_t tokenStep, dimStep; ///< In elements.
};

} // namespace qopt

#endif // QOPT_RUNTIME_CHECK_CACHELAYOUT_H
