//===- Tuning.h - rules that override kernel configs ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_TUNING_H
#define QOPT_LOWERING_GPU_TUNING_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"

namespace qopt::ptx {

/// The rules of a tuning file (Passes.td describes it).
class Tuning {
public:
  /// Reads `path`, which may be empty for no rules. Reports what is wrong with the file at `loc`.
  static mlir::FailureOr<Tuning> read(llvm::StringRef path, mlir::Location loc);

  /// The config of the first rule that names `op` and none of whose sizes differs from `sizes`;
  /// null where there is none.
  mlir::DictionaryAttr find(mlir::Operation *op, const llvm::StringMap<int64_t> &sizes) const;

private:
  struct Rule {
    std::string op;
    llvm::StringMap<int64_t> sizes;
    mlir::DictionaryAttr config;
  };
  std::vector<Rule> rules;
};

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_TUNING_H
