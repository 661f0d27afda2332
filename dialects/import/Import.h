//===- Import.h - llm IR from checkpoints -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_IMPORT_H
#define QOPT_DIALECTS_IMPORT_IMPORT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "runtime/formats/DType.h"
#include <optional>
#include <string>

namespace qopt {

/// The model in a Hugging Face directory (`config.json` and safetensors) as a module with
/// `@forward`,
/// `@head` and, where parameters are computed, `@load` (dialects/llm/LlmDialect.td). Weights are
/// referred to, not read. Every op has the name of its checkpoint module as its location. Buffers
/// that are not part of the model are skipped with a remark.
///
/// Throws Error, naming what it does not know: an architecture, an activation, a rope scaling, a
/// tensor that is missing, of another shape or type than the config says, or not of the
/// architecture.
mlir::OwningOpRef<mlir::ModuleOp> importHuggingFace(const std::string &directory,
                                                    mlir::MLIRContext *context);

/// The same for a model in a GGUF file, or the first of several: the module is that of the model's
/// Hugging Face checkpoint but for locations, which are GGUF's names, and for where weights come
/// from. Weights of block types stay as they are stored, `q.dequantize` of codes and scales; with
/// `dequantize` (F32, F16 or BF16) they become values of that type. Throws Error.
mlir::OwningOpRef<mlir::ModuleOp>
importGguf(const std::string &path, std::optional<DType> dequantize, mlir::MLIRContext *context);

/// The same for a `config.json` alone: the module refers to no checkpoint, its weights are random
/// (dialects/llm, #llm.random), of the type that the config names, scaled so that activations and
/// logits have a variance near 1. Norms do nothing and biases are zero. Throws Error.
mlir::OwningOpRef<mlir::ModuleOp> importRandom(const std::string &configPath, int64_t seed,
                                               mlir::MLIRContext *context);

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_IMPORT_H
