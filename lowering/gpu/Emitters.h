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

#include "dialects/kernel/Kernel.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace qopt::ptx {

mlir::LogicalResult emitGather(kernel::GatherOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitNorm(kernel::NormOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitMap(kernel::MapOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitQuantize(kernel::QuantizeOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitRopeAppend(kernel::RopeAppendOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitMatvec(kernel::MatmulOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitMatmul(kernel::MatmulOp op, mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitDecodeAttention(kernel::AppendAttentionOp op,
                                        mlir::gpu::GPUModuleOp module);
mlir::LogicalResult emitPrefillAttention(kernel::AttentionOp op, mlir::gpu::GPUModuleOp module);

/// Shared memory of a norm: two sums for each warp of a block of at most 1024 threads.
inline constexpr int64_t kNormSharedBytes = 2 * 32 * sizeof(float);
/// Columns that a thread of a map computes.
inline constexpr int64_t kMapColumns = 4;

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_EMITTERS_H
