//===- Passes.td - kernels for NVIDIA GPUs --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_PASSES_TD
#define QOPT_LOWERING_GPU_PASSES_TD

include "mlir/Pass/PassBase.td"

def ConfigurePtxKernels : Pass<"configure-ptx-kernels", "mlir::func::FuncOp"> {
  let summary = "Choose tile sizes and grids of the kernels of a ptx function";
  let description = [{
    Sets `config` and `launch` on the kernel ops of functions marked `kernel.target = "ptx"`; other
    functions are left alone. Products of up to 8 static rows become matrix-vector kernels, others
    tensor core kernels. A tuning file overrides the choice where a rule matches, the first rule
    first. A rule names an `op`, sizes of it (`rows`, `columns`, `depth`, `ways`; or `heads`,
    `head_dim`, `kv_heads`), all optional, and the numbers of its config:

    ```json
    [ { "op": "kernel.matmul", "columns": 2048, "depth": 5632, "rows": 1,
        "config": { "algorithm": "matvec", "warps": 8, "split": 2, "columns": 2, "unroll": 4 } } ]
    ```
  }];
  let options = [
    Option<"tuning", "tuning", "std::string", "", "JSON file of rules that override the choice">
  ];
  let statistics = [
    Statistic<"numConfigured", "configured", "Kernels configured">,
    Statistic<"numTuned", "tuned", "Kernels configured by the tuning file">
  ];
  let dependentDialects = ["kernel::KernelDialect"];
}

def FuseDecodeAttention : Pass<"fuse-decode-attention", "mlir::func::FuncOp"> {
  let summary = "Join rope_append and the attention of single tokens, split over the past";
  let description = [{
    In functions marked `kernel.target = "ptx"` with a static number of rows, each the newest token of
    its own sequence: `kernel.rope_append` and the `kernel.attention` that alone reads its result
    become `kernel.append_attention`. The past is cut into a power of two of parts, so that a row
    with a long past has two blocks for each multiprocessor.
  }];
  let options = [Option<"splits", "splits", "int64_t", "0", "parts of the past; 0 chooses">];
  let statistics = [Statistic<"numFused", "fused", "kernel.append_attention ops made">];
  let dependentDialects = ["kernel::KernelDialect"];
}

def AddScore : Pass<"add-score", "mlir::ModuleOp"> {
  let summary = "Add @score.ptx, which reduces logits on the device";
  let description = [{
    `@score.ptx(logits, targets)` is one `kernel.score` on rows as `@prefill_head.ptx` computes them, so
    that a likeliest token or the probability of a given one need not be looked for on the host. The
    runtime runs it after a head, in the same graph. Nothing happens where there is no
    `@prefill_head.ptx` or there is a `@score.ptx` already.
  }];
  let dependentDialects = ["kernel::KernelDialect", "mlir::func::FuncDialect"];
}

def EmitPtxKernels : Pass<"emit-ptx-kernels", "mlir::ModuleOp"> {
  let summary = "Write a gpu.func for each distinct kernel of the ptx functions";
  let description = [{
    Appends `gpu.module @ptx_<chip>` with one kernel for each name among the launches of functions
    marked `kernel.target = "ptx"`. Kernels must be named (`name-kernels`) and configured. The
    functions' parameters are the ops' kernel arguments in order; docs/architecture.md describes the
    ABI.
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_80\"", "chip to write kernels for: sm_80 or later">
  ];
  let statistics = [Statistic<"numKernels", "kernels", "Kernels emitted">];
  let dependentDialects = [
    "mlir::arith::ArithDialect", "mlir::gpu::GPUDialect", "mlir::LLVM::LLVMDialect",
    "mlir::math::MathDialect", "mlir::NVVM::NVVMDialect", "mlir::scf::SCFDialect",
    "mlir::vector::VectorDialect"
  ];
}

def OverlapLaunches : Pass<"overlap-launches", "mlir::ModuleOp"> {
  let summary = "Let kernels for sm_90 and later begin before those before them have ended";
  let description = [{
    In every `gpu.module @ptx_<chip>` of such a chip, each kernel lets its dependents be launched
    (`griddepcontrol.launch_dependents`) as it begins, and waits for those before it
    (`griddepcontrol.wait`) before its first access to memory that a kernel may write. Index
    computations and loads of weights stay before the wait; no other load is taken to be invariant any
    more. The module is marked `kernel.programmatic_launch`, which plan.json passes on: only then does
    the runtime launch its kernels so.
  }];
  let statistics = [Statistic<"numKernels", "kernels", "Kernels that wait">];
  let dependentDialects = ["mlir::gpu::GPUDialect", "mlir::LLVM::LLVMDialect",
                           "mlir::NVVM::NVVMDialect"];
}

def AssemblePtx : Pass<"assemble-ptx", "mlir::ModuleOp"> {
  let summary = "Have ptxas make machine code of the GPU modules, too";
  let description = [{
    Marks every `gpu.module @ptx_<chip>` with the file of `ptxas`: write-artifact then runs it on the
    module's PTX and puts `kernels.<chip>.cubin` beside it, which GPUs of that chip's major version and
    at least its minor one (of a chip with a letter: of its compute capability alone) load instead,
    without the driver's compiler. All others, the emulator, and drivers that cannot load it take the
    PTX.

    `ptxas` is a file, or a name on the PATH: that there is none is an error. With `auto` it is a warning,
    and the artifact has PTX alone.
  }];
  let options = [Option<"ptxas", "ptxas", "std::string", "\"ptxas\"", "a file, a name on the PATH, or auto">];
}

def LowerMathToPtx : Pass<"lower-math-to-ptx"> {
  let summary = "Replace f32 functions by PTX's approximate instructions";
  let description = [{
    exp, exp2, tanh, erf, rsqrt and division, from `ex2.approx`, `rcp.approx` and `rsqrt.approx`:
    within a few units in the last place of f32 (tanh and erf: 2e-7 absolute). Nothing is left that
    would call a library.
  }];
  let dependentDialects = ["mlir::arith::ArithDialect", "mlir::LLVM::LLVMDialect",
                           "mlir::math::MathDialect"];
}

#endif // QOPT_LOWERING_GPU_PASSES_TD
