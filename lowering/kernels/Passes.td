//===- Passes.td - from llm ops to planned kernels ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_PASSES_TD
#define QOPT_LOWERING_KERNELS_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConvertLlmToKernel : Pass<"convert-llm-to-kernel", "mlir::ModuleOp"> {
  let summary = "Copy each llm function for a target, with one kernel op for each llm op";
  let description = [{
    `@prefill` is copied to `@prefill.cpu`, marked `kernel.target = "cpu"`, and its ops become kernel
    ops; pointwise ops and slices become `kernel.map`. Rotation, per-head norms and KV append wait for
    `fuse-rope-append`. Products must be packed (`pack-weights`); one with `ways = 2` becomes a
    product for each half that is read, which `fuse-epilogues` joins. Values that only products and
    attention read get the operand type: f32 on CPUs, bf16 for PTX. Activations are observed on CPUs
    only: elsewhere `q.observe` goes away. `@load`, functions that have a
    copy for the target and functions without llm ops are left alone.
  }];
  let options = [
    Option<"target", "target", "std::string", "\"cpu\"", "cpu or ptx">,
    Option<"operandType", "operand-type", "std::string", "",
           "f32 or bf16; the target's own if not given">
  ];
  let statistics = [
    Statistic<"numFunctions", "functions", "Functions copied">,
    Statistic<"numConverted", "converted", "Ops converted">
  ];
  let dependentDialects = ["kernel::KernelDialect", "mlir::arith::ArithDialect",
                           "mlir::math::MathDialect"];
}

def RequireKernels : Pass<"require-kernels", "mlir::ModuleOp"> {
  let summary = "Refuse quantization that no kernel computes";
  let description = [{
    After `form-quantized-linears`, what is left of quantization in the model is for kernels. An op
    that a target has no kernel for is an error here, before any work, rather than a silent
    dequantization. With `allow-dequantized-fallback` its weight is dequantized in `@load` instead, for
    all targets, and a remark says so.
  }];
  let options = [
    ListOption<"targets", "targets", "std::string", "cpu, ptx or both">,
    Option<"allowFallback", "allow-dequantized-fallback", "bool", "false",
           "store dequantized values where there is no kernel">
  ];
  let statistics = [
    Statistic<"numFallbacks", "fallbacks", "Linears and embeddings of dequantized weights">
  ];
  let dependentDialects = ["llm::LlmDialect", "mlir::func::FuncDialect", "q::QDialect"];
}

def FuseRopeAppend : Pass<"fuse-rope-append", "mlir::func::FuncOp"> {
  let summary = "Make q/k norm, rotary embedding and KV append one kernel.rope_append";
  let description = [{
    Starts from each `llm.kv_append` and the attention over the same cache that follows it, and goes
    up from k, v and q through rotation, per-head norms and slices.
  }];
  let statistics = [Statistic<"numFused", "fused", "kernel.rope_append ops made">];
  let dependentDialects = ["kernel::KernelDialect"];
}

def FuseEpilogues : Pass<"fuse-epilogues", "mlir::func::FuncOp"> {
  let summary = "Move maps after a product into its epilogue";
  let description = [{
    Maps that read maps are joined; then a map that reads a product moves into the product's region:
    activations, residuals, and gated activations, where it reads both halves of one product. A
    product or map with other uses is left alone.
  }];
  let statistics = [
    Statistic<"numEpilogues", "epilogues", "Maps moved into a product">,
    Statistic<"numMaps", "maps", "Maps joined">
  ];
  let dependentDialects = ["kernel::KernelDialect"];
}

def FuseResidualNorm : Pass<"fuse-residual-norm", "mlir::func::FuncOp"> {
  let summary = "Make an add that a norm reads part of the norm";
  let statistics = [Statistic<"numFused", "fused", "Adds fused">];
  let dependentDialects = ["kernel::KernelDialect"];
}

def FuseQuantize : Pass<"fuse-quantize", "mlir::func::FuncOp"> {
  let summary = "Make the norm or map that computes an activation quantize it, too";
  let description = [{
    A `kernel.quantize` that alone reads a norm becomes the norm's `result_scheme`; one that alone
    reads a map takes over its region. One scale of all rows stays apart from norms.
  }];
  let statistics = [Statistic<"numFused", "fused", "Quantizes fused">];
  let dependentDialects = ["kernel::KernelDialect"];
}

def NameKernels : Pass<"name-kernels", "mlir::ModuleOp"> {
  let summary = "Give identical launches of a target one readable kernel name";
  let description = [{
    Identical are launches with the same op, types, attributes and region, whatever the cache's name.
    Names are valid in C and PTX: `matmul_256x768_bf16_silu_gate_rows1`. An op in a kernel function
    that is no launch is an error here: the target has no kernel for it.
  }];
  let statistics = [
    Statistic<"numLaunches", "launches", "Launches named">,
    Statistic<"numKernels", "kernels", "Distinct kernels">
  ];
}

def PlanBuffers : Pass<"plan-buffers", "mlir::func::FuncOp"> {
  let summary = "Assign results to slots of an arena by liveness";
  let description = [{
    Results whose lifetimes do not overlap share a slot, and a result may overwrite an operand that
    dies with it where each element is read only to compute the same element: a product's residual, a
    map's input, a norm's addends. The function's result keeps its slot to itself until the end.
  }];
  let statistics = [
    Statistic<"numValues", "values", "Results planned">,
    Statistic<"numSlots", "slots", "Slots they share">,
    Statistic<"numInPlace", "in-place", "Results that overwrite an operand">
  ];
}

#endif // QOPT_LOWERING_KERNELS_PASSES_TD
