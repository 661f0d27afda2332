//===- CodeBuilder.h - building blocks of CPU kernels -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CODEBUILDER_H
#define QOPT_LOWERING_CPU_CODEBUILDER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace qopt::cpu {

/// f32 elements of the vectors that kernels compute with, at every level: one zmm register, or two
/// ymm registers after LLVM has split them.
inline constexpr int64_t kLanes = 16;

/// Builds arith, vector, scf and llvm ops in terms of pointers, 64-bit integers and vectors of
/// `kLanes` f32. Memory goes through `!llvm.ptr`, so that no memref descriptors exist.
class CodeBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using mlir::ImplicitLocOpBuilder::ImplicitLocOpBuilder;
  using Values = llvm::SmallVector<mlir::Value>;
  using LoopBody = llvm::function_ref<Values(mlir::Value index, mlir::ValueRange state)>;

  // Types.
  mlir::Type pointerType();
  mlir::VectorType vectorType() { return mlir::VectorType::get(kLanes, getF32Type()); }

  // Integers.
  mlir::Value i64(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs) { return add(lhs, i64(rhs)); }
  mlir::Value subtract(mlir::Value lhs, mlir::Value rhs);
  mlir::Value multiply(mlir::Value lhs, mlir::Value rhs);
  mlir::Value multiply(mlir::Value lhs, int64_t rhs) { return multiply(lhs, i64(rhs)); }
  /// Quotient and remainder of a non-negative value.
  mlir::Value divide(mlir::Value lhs, int64_t rhs);
  mlir::Value remainder(mlir::Value lhs, int64_t rhs);
  mlir::Value minimum(mlir::Value lhs, mlir::Value rhs);
  mlir::Value maximum(mlir::Value lhs, mlir::Value rhs);
  mlir::Value isEqual(mlir::Value lhs, mlir::Value rhs);
  mlir::Value isLess(mlir::Value lhs, mlir::Value rhs);

  // Addresses: `pointer` plus elements of `type`, or bytes.
  mlir::Value element(mlir::Type type, mlir::Value pointer, mlir::Value index);
  mlir::Value element(mlir::Type type, mlir::Value pointer, int64_t index);
  mlir::Value bytes(mlir::Value pointer, mlir::Value count);
  mlir::Value bytes(mlir::Value pointer, int64_t count);

  // Memory. Vectors are only taken to be aligned as their elements.
  mlir::Value load(mlir::Type type, mlir::Value pointer);
  void store(mlir::Value value, mlir::Value pointer);
  /// The i32 at `index`, as i64.
  mlir::Value loadIndex(mlir::Value pointer, mlir::Value index);
  /// One element of `type` (f32, bf16 or f16) as f32.
  mlir::Value loadScalar(mlir::Type type, mlir::Value pointer);
  /// `lanes` elements of `type` as a vector of f32; the other lanes are zero and not read.
  mlir::Value loadVector(mlir::Type type, mlir::Value pointer, int64_t lanes = kLanes);
  /// The f32 at each of 16 i32 indices.
  mlir::Value gather(mlir::Value pointer, mlir::Value indices);
  /// The first `lanes` lanes of a vector of f32.
  void storeVector(mlir::Value vector, mlir::Value pointer, int64_t lanes = kLanes);
  /// Asks for the cache line at `pointer` (any address) for one read: into L1, or the L2 only.
  void prefetch(mlir::Value pointer, bool intoL1 = true);

  // Vectors of f32.
  mlir::Value splat(double value);
  mlir::Value broadcast(mlir::Value scalar);
  mlir::Value addf(mlir::Value lhs, mlir::Value rhs);
  mlir::Value subf(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mulf(mlir::Value lhs, mlir::Value rhs);
  mlir::Value divf(mlir::Value lhs, mlir::Value rhs);
  mlir::Value maxf(mlir::Value lhs, mlir::Value rhs);
  /// `a * b + c`, rounded once at every level.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no);
  /// Sum and maximum of the lanes, in all lanes; always in the same order.
  mlir::Value sumOfLanes(mlir::Value vector);
  mlir::Value maximumOfLanes(mlir::Value vector);
  /// A constant mask of the first `lanes` lanes.
  mlir::Value maskOf(int64_t lanes);
  mlir::Value shuffle(mlir::Value lhs, mlir::Value rhs, llvm::ArrayRef<int64_t> lanes);

  /// `sums[r * vectors + v] += factor(r) * vector(v)`: of factors (f32) and vectors, the fewer stay
  /// in registers meanwhile.
  Values outerProduct(int64_t rows, int64_t vectors, mlir::ValueRange sums,
                      llvm::function_ref<mlir::Value(int64_t row)> factor,
                      llvm::function_ref<mlir::Value(int64_t vector)> vector);

  // Control flow.
  /// `for (index = lower; index < upper; index += step)`, returning the state after the last.
  Values loop(mlir::Value lower, mlir::Value upper, int64_t step, mlir::ValueRange state,
              LoopBody body);
  void loop(mlir::Value lower, mlir::Value upper, int64_t step,
            llvm::function_ref<void(mlir::Value index)> body);
  void when(mlir::Value condition, llvm::function_ref<void()> then,
            llvm::function_ref<void()> otherwise = nullptr);
  /// The same as `loop` by 1, `unroll` steps at a time and then the rest; `count` is known to be a
  /// multiple of `countMultiple`.
  Values unrolledLoop(mlir::Value count, int64_t unroll, int64_t countMultiple,
                      mlir::ValueRange state, LoopBody body);
  /// Covers the columns of a row by vectors, the last one with fewer `lanes` if need be. Vectors
  /// take turns with the values of `state`, so that chains of operations stay short.
  Values columns(
      int64_t count, mlir::ValueRange state,
      llvm::function_ref<mlir::Value(mlir::Value column, int64_t lanes, mlir::Value state)> body);
  void columns(int64_t count, llvm::function_ref<void(mlir::Value column, int64_t lanes)> body);
  /// Covers `count` things by blocks of `largest`, then of falling powers of two.
  void tiles(mlir::Value count, int64_t largest,
             llvm::function_ref<void(mlir::Value first, int64_t size)> body);
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CODEBUILDER_H
