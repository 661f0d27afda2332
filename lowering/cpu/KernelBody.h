//===- KernelBody.h - a kernel function while it is emitted -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_KERNELBODY_H
#define QOPT_LOWERING_CPU_KERNELBODY_H

#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/CpuLevel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace qopt::cpu {

/// The module that the kernels of a level are emitted into.
struct EmittedModule {
  mlir::ModuleOp module;
  CpuLevel level;

  /// Where the code that is being emitted finds its layer's numbers, of keys and of values; null
  /// where there are none (LayerNumbers.h).
  mlir::Value keyNumbers = {}, valueNumbers = {};

  mlir::Value numbers(bool ofKeys) const { return ofKeys ? keyNumbers : valueNumbers; }
  /// One of them in all lanes.
  mlir::Value layerNumber(CodeBuilder &b, bool ofKeys, int64_t index) const;

  const CpuLevelTraits &traits() const { return traitsOf(level); }

  /// The private function `name`, which kernels share; `build` fills it where it does not exist
  /// yet.
  mlir::func::FuncOp
  helper(llvm::StringRef name, mlir::TypeRange arguments, mlir::Location loc,
         llvm::function_ref<void(CodeBuilder &, mlir::ValueRange arguments)> build);
  /// The address of the constants `name`, which kernels share.
  mlir::Value table(CodeBuilder &b, llvm::StringRef name, llvm::ArrayRef<float> entries);
};

/// Emits one kernel, `void name(const uint64_t *args, int64_t begin, int64_t end, void *scratch)`.
class KernelBody {
public:
  /// Adds the function to the module.
  KernelBody(EmittedModule &target, llvm::StringRef name, mlir::Location loc);

  /// The same for a private function that kernels share, which call it with the addresses of their
  /// layers' numbers behind their own arguments.
  static KernelBody shared(EmittedModule &target, llvm::StringRef name, mlir::Location loc);

  EmittedModule &target;
  CodeBuilder b;
  mlir::func::FuncOp function;
  mlir::Value scratch;

  /// The next argument of the kernel, in the order of the op's documentation.
  mlir::Value nextPointer();
  mlir::Value nextInteger();
  /// The argument T, which is a constant where the function's rows are static.
  mlir::Value nextRows(std::optional<int64_t> staticRows);

  /// Ends the function with a call of shared code.
  void call(mlir::func::FuncOp code, mlir::ValueRange numbers);
  /// Ends the function with a loop over the items that the caller asks for.
  void forEachItem(llvm::function_ref<void(mlir::Value item)> body);
  /// The same where items are blocks of rows.
  void forEachRow(mlir::Value rows, int64_t rowsPerItem,
                  llvm::function_ref<void(mlir::Value row)> body);

private:
  KernelBody(EmittedModule &target, llvm::StringRef name, mlir::Location loc, bool isShared);
  mlir::Value next(mlir::Type type);

  mlir::Value args, begin, end;
  int64_t argumentsRead = 0;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_KERNELBODY_H
