//===- Emitters.h - a GPU function for each kernel op -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function appends the gpu.func of one named and configured op to `module`, or reports on the
// op why it cannot. The ABI is described in docs/architecture.md.
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_EMITTERS_H
#define QOPT_LOWERING_GPU_EMITTERS_H

#include "lowering/gpu/KernelConfig.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace qopt::ptx {

mlir::LogicalResult emitGather(kernel::GatherOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitNorm(kernel::NormOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitMap(kernel::MapOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitQuantize(kernel::QuantizeOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitRopeAppend(kernel::RopeAppendOp op, mlir::gpu::GPUModuleOp module);
/// `overlaps`: the chip begins kernels before those before them have ended (overlap-launches).
mlir::LogicalResult emitMatvec(kernel::MatmulOp op, mlir::gpu::GPUModuleOp module, bool overlaps);
/// `hasFp8Products`: the chip has tensor core products of fp8 (sm_89).
mlir::LogicalResult emitMatmul(kernel::MatmulOp op, mlir::gpu::GPUModuleOp module,
                               bool hasFp8Products);
/// The same on sm_90a.
mlir::LogicalResult emitWarpgroupMatmul(kernel::MatmulOp op, const WarpgroupConfig &config,
                                        mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitDecodeAttention(kernel::AppendAttentionOp op,
                                        mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitPrefillAttention(kernel::AttentionOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitScore(kernel::ScoreOp op, mlir::gpu::GPUModuleOp module);

/// On a gpu.func that is launched in another way than its op says: a #kernel.launch, and what the
/// parameters that are tensor maps describe, as `{argument, sizes, strides, box}` each: elements of
/// the dimensions, innermost first (kDynamic: rows of the step), bytes from one to the next but for
/// the first, and elements of a box.
inline constexpr llvm::StringLiteral kLaunchOverride = "kernel.launch";
inline constexpr llvm::StringLiteral kTensorMaps = "kernel.tensor_maps";
/// On a kernel: which parameters are weights, which no kernel writes.
inline constexpr llvm::StringLiteral kWeightArguments = "kernel.weights";
/// On a module whose kernels wait by themselves for those before them (overlap-launches).
inline constexpr llvm::StringLiteral kProgrammaticLaunch = "kernel.programmatic_launch";

/// On a module that is to be machine code, too: the ptxas that makes it (assemble-ptx).
inline constexpr llvm::StringLiteral kAssembler = "kernel.ptxas";

/// On a gpu.module whose kernels multiply fp8 by fp8: what tensor cores do it in, "fp8" or "f16".
inline constexpr llvm::StringLiteral kFp8Products = "kernel.fp8_products";

/// Shared memory of a norm: two sums for each warp of a block of at most 1024 threads.
inline constexpr int64_t kNormSharedBytes = int64_t(2) * 32 * int64_t(sizeof(float));
/// Of each warp a maximum, its place, the first number that is not finite, and a sum; a flag.
inline constexpr int64_t kScoreSharedBytes = (4 * 8 + 1) * int64_t(sizeof(float));
/// Columns that a thread of a map computes.
inline constexpr int64_t kMapColumns = 4;

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_EMITTERS_H
