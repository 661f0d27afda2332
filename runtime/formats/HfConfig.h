//===- HfConfig.h - config.json of Hugging Face checkpoints -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_HFCONFIG_H
#define QOPT_RUNTIME_FORMATS_HFCONFIG_H

#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// Reads a `config.json` of LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM,
/// Qwen3ForCausalLM or GPT2LMHeadModel. Absent keys have transformers' defaults. What would change
/// the model's output and is not supported (sliding windows, other rope scalings, ...) is refused
/// by name. Throws Error.
ModelConfig readHfConfig(const std::string &path);

/// The same for text that was already read; `file` is for messages.
ModelConfig parseHfConfig(const Json &config, const std::string &file);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_HFCONFIG_H
