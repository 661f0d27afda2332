//===- Llama.h - Llama, Mistral, Qwen2 and Qwen3 ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_LLAMA_H
#define QOPT_DIALECTS_IMPORT_LLAMA_H

#include "dialects/import/DecoderBuilder.h"

namespace qopt {

/// Llama and what descends from it: separate projections, optionally with biases (Qwen2) and norms
/// of each head's query and key (Qwen3), and weights stored [out, in].
class LlamaBuilder : public DecoderBuilder {
public:
  LlamaBuilder(const ModelConfig &config, TensorSource &tensors, mlir::MLIRContext *context);

  static ModuleNames moduleNames();

private:
  Projections buildProjections(const std::string &attention, Value x) override;
  Value buildLinearWeight(const std::string &module, int64_t outputs, int64_t inputs) override;
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_LLAMA_H
