//===- Passes.td - kernels for CPUs ---------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_PASSES_TD
#define QOPT_LOWERING_CPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConfigureCpuKernels : Pass<"configure-cpu-kernels", "mlir::ModuleOp"> {
  let summary = "Choose tile sizes and grids of CPU kernels";
  let description = [{
    Sets `config` and `launch` of every kernel op in functions with `kernel.target = "cpu"`: how work
    is cut into items, and the scratch memory of a worker. Entries of an existing `config` are kept.

    `tuning` names a JSON file of rules, applied in order. A rule's `config` overrides what the pass
    chose for ops that fit: by `op`, and, where given, by `rows` (a number, or null for a dynamic one)
    and `location` (the op's name in the checkpoint).

    ```json
    [ { "op": "matmul", "rows": 1, "config": { "panels": 2 } },
      { "op": "attention", "location": "model.layers.0.self_attn", "config": { "rows": 8 } } ]
    ```
  }];
  let options = [
    Option<"tuning", "tuning", "std::string", "", "JSON file with rules that override the choices">
  ];
  let statistics = [
    Statistic<"numConfigured", "configured", "Kernels configured">,
    Statistic<"numTuned", "tuned", "Kernels with choices from the tuning file">
  ];
  let dependentDialects = ["kernel::KernelDialect"];
}

def EmitCpuKernels : Pass<"emit-cpu-kernels", "mlir::ModuleOp"> {
  let summary = "Emit the code of CPU kernels as a nested module";
  let description = [{
    Appends a module, `@cpu.avx512` or `@cpu.avx2`, with one function for each distinct `kernel` name
    in functions with `kernel.target = "cpu"`, built from arith, math, vector, scf and llvm ops, and
    private functions that they share. The ABI is in docs/architecture.md. A module that exists stays
    as it is.
  }];
  let options = [
    Option<"level", "level", "std::string", "\"avx512\"", "instruction set: avx512, avx2, or host, the best that this machine has">
  ];
  let statistics = [
    Statistic<"numKernels", "kernels", "Kernels emitted">
  ];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::func::FuncDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::scf::SCFDialect", "mlir::vector::VectorDialect"
  ];
}

#endif // QOPT_LOWERING_CPU_PASSES_TD
