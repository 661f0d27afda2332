//===- Tuning.h - choices read from a file ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_TUNING_H
#define QOPT_LOWERING_CPU_TUNING_H

#include "dialects/kernel/Kernel.h"

namespace qopt::cpu {

/// Overrides `config` of the kernels that fit.
struct TuningRule {
  std::string op;                             ///< without its dialect: "matmul"
  std::optional<std::optional<int64_t>> rows; ///< where given: a number, or dynamic
  std::optional<std::string> location;        ///< where given: name of the op's location
  mlir::DictionaryAttr config;

  bool fits(mlir::Operation *op, std::optional<int64_t> rows) const;
};

/// The rules of a JSON file, in order. Errors name the file and the rule.
mlir::FailureOr<llvm::SmallVector<TuningRule>> readTuning(llvm::StringRef path, mlir::Location loc);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_TUNING_H
