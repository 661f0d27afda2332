//===- Passes.td - the artifact -------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PASSES_TD
#define QOPT_LOWERING_ARTIFACT_PASSES_TD

include "mlir/Pass/PassBase.td"

def WriteArtifact : Pass<"write-artifact", "mlir::ModuleOp"> {
  let summary = "Write the artifact directory that qrun runs";
  let description = [{
    Computes what `@load` says of the parameters that kernels read, in parallel and streamed from the
    mapped checkpoint to `weights.safetensors`; compiles the emitted modules; writes `plan.json`
    (docs/architecture.md), the IR and the checkpoint's tokenizer files beside them. Parameters whose
    sources are all random, or all one splat, are not stored: the plan says how to generate them.

    The directory appears when it is complete. An error leaves what was there, and nothing else.
  }];
  let options = [
    Option<"path", "path", "std::string", "", "The directory: model.qmod">
  ];
  let statistics = [
    Statistic<"numStored", "stored", "Tensors in weights.safetensors">
  ];
}

def WriteGguf : Pass<"write-gguf", "mlir::ModuleOp"> {
  let summary = "Write the GGUF file that llama.cpp runs";
  let description = [{
    For modules as they are imported, with weights quantized at most: to ggml's types (q8_0, q4_0, q4_k
    and so on), or stored as such in a GGUF file, which become its blocks. Other matrices keep their type (f32, f16 or bf16), vectors become F32. Names, the order of
    rows and the metadata are llama.cpp's; the tokenizer is that of the checkpoint, a tokenizer.json
    or GGUF metadata.

    What GGUF cannot say is an error that names the tensor. The file appears when it is complete.
  }];
  let options = [
    Option<"path", "path", "std::string", "", "The file: model.gguf">
  ];
}

#endif // QOPT_LOWERING_ARTIFACT_PASSES_TD
