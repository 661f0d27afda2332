//===- KernelConfig.h - the choices that a CPU kernel leaves open -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_KERNELCONFIG_H
#define QOPT_LOWERING_CPU_KERNELCONFIG_H

#include "dialects/kernel/Kernel.h"

namespace qopt::cpu {

/// One integer of a `config` dictionary and the values that make sense for it.
template <typename Config> struct ConfigField {
  llvm::StringLiteral name;
  int64_t Config::*member;
  int64_t least, most, multipleOf;
};

/// `config` of a kernel.matmul. One item is a group of panels times a block of rows.
struct MatmulConfig {
  /// Panels of an item. For one row they are streams read side by side.
  int64_t panels = 4;
  /// Rows of an item; where more than `direct_rows` they are multiplied by `k_block` elements of k
  /// at a time, so that their slice of x stays in the L2 cache.
  int64_t rows = 264;
  int64_t kBlock = 512;
  /// Up to so many rows, weights are converted as they are multiplied; beyond, once for all rows.
  int64_t directRows = 24;
  /// How far ahead weights are requested from memory, in bytes.
  int64_t prefetch = 4096;

  static llvm::ArrayRef<ConfigField<MatmulConfig>> fields();
};

/// `config` of kernels whose items are blocks of rows: gather, norm, map, rope_append.
struct RowConfig {
  int64_t rows = 8;

  static llvm::ArrayRef<ConfigField<RowConfig>> fields();
};

/// `config` of a kernel.attention. One item is a block of rows times query heads of one KV head.
struct AttentionConfig {
  int64_t rows = 16;
  /// Query heads of an item; divides the heads that share a KV head.
  int64_t heads = 1;

  static llvm::ArrayRef<ConfigField<AttentionConfig>> fields();
};

/// Overwrites the fields that `values` names. An unknown name or an unfit value is an error on
/// `op`.
template <typename Config>
mlir::LogicalResult updateConfig(Config &config, mlir::DictionaryAttr values, mlir::Operation *op);

/// The `config` of a configured op, checked.
template <typename Config> mlir::FailureOr<Config> readConfig(kernel::LaunchOpInterface op);

template <typename Config>
mlir::DictionaryAttr toAttribute(const Config &config, mlir::MLIRContext *context);

extern template mlir::LogicalResult updateConfig(MatmulConfig &, mlir::DictionaryAttr,
                                                 mlir::Operation *);
extern template mlir::LogicalResult updateConfig(RowConfig &, mlir::DictionaryAttr,
                                                 mlir::Operation *);
extern template mlir::LogicalResult updateConfig(AttentionConfig &, mlir::DictionaryAttr,
                                                 mlir::Operation *);
extern template mlir::FailureOr<MatmulConfig> readConfig(kernel::LaunchOpInterface);
extern template mlir::FailureOr<RowConfig> readConfig(kernel::LaunchOpInterface);
extern template mlir::FailureOr<AttentionConfig> readConfig(kernel::LaunchOpInterface);
extern template mlir::DictionaryAttr toAttribute(const MatmulConfig &, mlir::MLIRContext *);
extern template mlir::DictionaryAttr toAttribute(const RowConfig &, mlir::MLIRContext *);
extern template mlir::DictionaryAttr toAttribute(const AttentionConfig &, mlir::MLIRContext *);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_KERNELCONFIG_H
