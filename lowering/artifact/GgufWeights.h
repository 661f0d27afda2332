//===- GgufWeights.h - a module's weights for a GGUF file -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_GGUFWEIGHTS_H
#define QOPT_LOWERING_ARTIFACT_GGUFWEIGHTS_H

#include "lowering/artifact/ModuleParams.h"
#include "runtime/formats/GgufWriter.h"
#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// A tensor of the file and the bytes that it has there.
struct GgufWeight {
  GgufTensorSpec spec;
  ParamExpressionPtr contents;
};

/// The weights that the module's functions read, each once, under GGUF's names: matrices as they
/// are stored, or blocks where they are quantized to one of ggml's types; vectors as F32, as
/// llama.cpp expects them. Emits a diagnostic for any other quantization, and for parameters that
/// passes have fused, packed or otherwise made something else of.
llvm::FailureOr<std::vector<GgufWeight>>
collectGgufWeights(mlir::ModuleOp module, ModuleParams &params, const ModelConfig &config);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_GGUFWEIGHTS_H
