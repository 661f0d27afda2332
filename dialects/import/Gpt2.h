//===- Gpt2.h - GPT-2 -------------------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_GPT2_H
#define QOPT_DIALECTS_IMPORT_GPT2_H

#include "dialects/import/DecoderBuilder.h"

namespace qopt {

/// GPT-2: one projection for queries, keys and values, and linears that are "Conv1D": stored
/// [in, out] in Hugging Face checkpoints and then transposed in @load.
class Gpt2Builder : public DecoderBuilder {
public:
  /// `prefix` is "transformer." or, in checkpoints of the model without its head, "".
  Gpt2Builder(const ModelConfig &config, TensorSource &tensors, const std::string &prefix,
              mlir::MLIRContext *context);

  static ModuleNames moduleNames(const std::string &prefix);

private:
  Projections buildProjections(const std::string &attention, Value x) override;
  Value buildLinearWeight(const std::string &module, int64_t outputs, int64_t inputs) override;
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_GPT2_H
