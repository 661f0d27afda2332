//===- Argument.h - one argument of an emitted kernel -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_KERNEL_ARGUMENT_H
#define QOPT_DIALECTS_KERNEL_ARGUMENT_H

#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/Value.h"

namespace qopt::kernel {

/// Counters that a launch has for each row (Argument::Kind::Counters).
inline constexpr int64_t kCounters = 256;

/// One 8-byte argument of a kernel: a device pointer or a 64-bit integer.
struct Argument {
  enum class Kind {
    Value,       ///< pointer to an operand or result (a slot, a weight or a function argument)
    KeyCache,    ///< pointer to the K pool of `cache`
    ValueCache,  ///< pointer to the V pool of `cache`
    KeyWindow,   ///< pointer to the newest keys of `cache`, where its format has a window
    ValueWindow, ///< the same of values
    Slots,       ///< int32[B], where windows have each sequence
    SeqStart,    ///< int32[B+1], first row of each sequence
    Past,        ///< int32[B], tokens in the cache before this step
    TokenSeq,    ///< int32[T], sequence of each row
    TokenPos,    ///< int32[T], position of each row in its sequence
    PageTable,   ///< int32[B, max_pages], page of every 128 tokens
    Counters,    ///< int32[T, kCounters], zero before and after every launch
    RopeTable,   ///< f32[context, head_dim/2, 2], cos and sin of each position
    Rows,        ///< int64: T, rows of this function (tokens, or rows selected for the head)
    Sequences,   ///< int64: B
    MaxPages,    ///< int64: row length of the page table
    NextIds,     ///< int32[T], the token ids that the next step reads
  };
  Kind kind;
  mlir::Value value;             ///< for Value
  mlir::FlatSymbolRefAttr cache; ///< for the two pools and windows
};

} // namespace qopt::kernel

#endif // QOPT_DIALECTS_KERNEL_ARGUMENT_H
