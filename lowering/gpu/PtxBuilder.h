//===- PtxBuilder.h - builds the bodies of GPU kernels ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PTXBUILDER_H
#define QOPT_LOWERING_GPU_PTXBUILDER_H

#include "lowering/gpu/Scalar.h"
#include "llvm/ADT/SmallVector.h"

namespace qopt::ptx {

inline constexpr int64_t kWarpSize = 32;

/// Four f32 sums of one thread in a 16x8 tile: (row, col), (row, col+1), (row+8, col),
/// (row+8, col+1) with row = lane / 4 and col = lane % 4 * 2.
using MmaSums = std::array<mlir::Value, 4>;

/// What a memory access may assume.
enum class Access {
  Plain,    ///< other threads of the grid may write this memory
  ReadOnly, ///< nobody does while the kernel runs: the non-coherent path, `ld.global.nc`
};

/// The vocabulary of the emitters: thread indices, loops, memory, warp and tensor core
/// instructions. Pointers are `!llvm.ptr<1>` (global) or `!llvm.ptr<3>` (shared); numbers are
/// Scalars. Elements in memory are f32, bf16 or f16, arithmetic is f32.
class PtxBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  Scalar wrap(mlir::Value value) { return Scalar(*this, value); }
  Scalar i32(int64_t constant);
  Scalar i64(int64_t constant);
  Scalar f32(double constant);

  Scalar threadId();
  Scalar blockId(unsigned dimension);
  Scalar gridSizeX();
  void barrier();

  /// `for (i = begin; i < end; i += step)`, carrying values; returns their last.
  llvm::SmallVector<mlir::Value>
  forLoop(Scalar begin, Scalar end, Scalar step, mlir::ValueRange carried,
          llvm::function_ref<llvm::SmallVector<mlir::Value>(Scalar, mlir::ValueRange)> body);
  /// The same without carried values.
  void forLoop(Scalar begin, Scalar end, Scalar step, llvm::function_ref<void(Scalar)> body);
  void ifThen(Scalar condition, llvm::function_ref<void()> body);
  void ifElse(Scalar condition, llvm::function_ref<void()> body,
              llvm::function_ref<void()> otherwise);
  /// The values of `body` where `condition` holds, else `otherwise`.
  llvm::SmallVector<mlir::Value> ifElse(Scalar condition, mlir::ValueRange otherwise,
                                        llvm::function_ref<llvm::SmallVector<mlir::Value>()> body);

  /// `base` advanced by `index` elements of `type` (or bytes).
  mlir::Value elementPtr(mlir::Value base, mlir::Type type, Scalar index);
  mlir::Value bytePtr(mlir::Value base, Scalar bytes);
  mlir::Value load(mlir::Type type, mlir::Value ptr, unsigned alignment,
                   Access access = Access::Plain);
  void store(mlir::Value value, mlir::Value ptr, unsigned alignment);
  Scalar loadI32(mlir::Value base, Scalar index, Access access = Access::ReadOnly);

  /// `count` consecutive elements at `base[index]` as f32, in accesses of up to 16 bytes; the
  /// address is a multiple of the size of one access.
  llvm::SmallVector<Scalar> loadFloats(mlir::Value base, mlir::Type element, Scalar index,
                                       unsigned count, Access access = Access::Plain);
  /// Stores f32 values as `element` at `base[index]`, rounding to nearest even.
  void storeFloats(mlir::Value base, mlir::Type element, Scalar index,
                   llvm::ArrayRef<Scalar> values);
  /// 16 bytes as four i32, each two bf16.
  llvm::SmallVector<Scalar> loadWords(mlir::Value ptr, Access access = Access::ReadOnly);
  void storeWords(llvm::ArrayRef<Scalar> words, mlir::Value ptr);

  /// The two bf16 of a word as f32: low half first in memory.
  Scalar lowFloat(Scalar word);
  Scalar highFloat(Scalar word);
  /// Rounds two f32 to the two bf16 of a word.
  Scalar packBf16(Scalar low, Scalar high);
  /// The same of two f16 or bf16, which `element` says.
  std::pair<Scalar, Scalar> unpackHalves(mlir::Type element, Scalar word);
  Scalar packHalves(mlir::Type element, Scalar low, Scalar high);
  /// The low (or high) halves of two words, `first` in the low half of the result.
  Scalar pairLow(Scalar first, Scalar second);
  Scalar pairHigh(Scalar first, Scalar second);

  /// `2^x` and `1 / x` within 2 units in the last place; subnormals are zero.
  Scalar exp2(Scalar x);
  /// Within 2^-22 of log2(x); that of zero is minus infinity.
  Scalar log2(Scalar x);
  Scalar reciprocal(Scalar x);
  Scalar reciprocalSqrt(Scalar x);
  /// Rounded to nearest.
  Scalar squareRoot(Scalar x);
  /// `x / y`, rounded to nearest.
  Scalar divide(Scalar x, Scalar y);
  /// To an integer: ties to even, or the largest below.
  Scalar roundEven(Scalar x);
  Scalar roundDown(Scalar x);

  /// The value of the lane whose number differs in the bits of `mask`.
  Scalar shuffleXor(Scalar value, unsigned mask);
  /// The sum (maximum) over groups of `lanes` lanes, each `stride` lanes apart, in every lane.
  Scalar warpSum(Scalar value, unsigned lanes = kWarpSize, unsigned stride = 1);
  Scalar warpMax(Scalar value, unsigned lanes = kWarpSize, unsigned stride = 1);

  /// What lanes of a warp stored before is seen by the others after.
  void warpBarrier();
  /// Memory operations before are seen by the whole device before those after.
  void fence();
  /// Adds one to the i32 at `counter`, or makes it zero where it is `last`; returns what was there.
  Scalar atomicIncrement(mlir::Value counter, Scalar last);

  /// The block's dynamic shared memory, 128-byte aligned.
  mlir::Value sharedMemory();
  /// Copies 16 bytes asynchronously; only the first `bytes` (i32, 0 to 16) are read, the rest are
  /// zero. All 16 where `bytes` is absent.
  void copyAsync(mlir::Value sharedDst, mlir::Value globalSrc, Scalar bytes = {});
  void commitCopies();
  /// Until all but the last `pending` committed groups of this thread have arrived.
  void waitCopies(unsigned pending);
  /// Begins to bring `bytes` of global memory, a multiple of 16, into the L2 cache; from sm_90 on.
  void prefetch(mlir::Value ptr, int64_t bytes);
  /// Four 8x8 tiles of bf16; lane i gives the address of row i % 8 of tile i / 8.
  std::array<mlir::Value, 4> loadMatrices(mlir::Value ptr, bool transposed);
  /// `sums + a b` with a 16x16, b 16x8, in bf16.
  MmaSums mma(llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b, const MmaSums &sums);
  /// The same in f16.
  MmaSums mmaF16(llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b, const MmaSums &sums);
  /// The same with a 16x32, b 32x8, in int8, and i32 sums; or half of that depth, with half of the
  /// words.
  MmaSums mmaInt8(llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b,
                  const MmaSums &sums);
  /// The same with a 16x32, b 32x8, in fp8 of the two types ("e4m3", "e5m2"), from sm_89 on.
  MmaSums mmaFp8(llvm::StringRef typeOfA, llvm::ArrayRef<mlir::Value> a, llvm::StringRef typeOfB,
                 llvm::ArrayRef<mlir::Value> b, const MmaSums &sums);

  // Of sm_90a.
  /// An mbarrier in shared memory, for `arrivals` in each of its phases.
  void initBarrier(mlir::Value barrier, int64_t arrivals);
  /// What was written to shared memory is seen by asynchronous copies and products.
  void fenceAsync();
  void arrive(mlir::Value barrier);
  /// Arrives, and lets the phase wait for `bytes` of copies, too.
  void arriveExpecting(mlir::Value barrier, int64_t bytes);
  /// Until the phase of `parity` (0 or 1) is complete.
  void waitForPhase(mlir::Value barrier, Scalar parity);
  /// Copies a box of the tensor at `map` (a parameter) from `coordinates` on, innermost first;
  /// zeros beyond the tensor. `barrier` learns of it.
  void copyTensor(mlir::Value sharedDst, mlir::Value map, llvm::ArrayRef<Scalar> coordinates,
                  mlir::Value barrier);
  /// Adds to a warpgroup's `sums`, a struct of `columns / 2` f32 (i32), the product of 64 rows and
  /// `columns` columns with a depth of 32 bytes from shared memory: of "bf16", "s8" (with i32),
  /// "e4m3" or "e5m2".
  mlir::Value warpgroupMultiply(mlir::Value sums, llvm::StringRef typeOfA, Scalar a,
                                llvm::StringRef typeOfB, Scalar b, int64_t columns);
  /// Before the first product of a group, and until all of it is there.
  void beginProducts();
  void finishProducts();

  /// Four bytes of two words: 0 to 3 of the first, 4 to 7 of the second; the last digit of
  /// `selector` names the lowest.
  Scalar permuteBytes(Scalar first, Scalar second, int64_t selector);
  /// `sum` and the products of the four int8 of two words.
  Scalar dotInt8(Scalar a, Scalar b, Scalar sum);
};

/// Name of the dynamic shared memory in a module.
inline constexpr llvm::StringLiteral kSharedMemorySymbol = "shared_memory";

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_PTXBUILDER_H
