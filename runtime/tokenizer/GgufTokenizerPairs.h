//===- GgufTokenizerPairs.h - tokenizer.json as GGUF metadata ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_GGUFTOKENIZERPAIRS_H
#define QOPT_RUNTIME_TOKENIZER_GGUFTOKENIZERPAIRS_H

#include "runtime/formats/GgufWriter.h"
#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// Adds the `tokenizer.ggml` keys for the tokenizer.json of a checkpoint's directory. A byte-level
/// BPE is a `gpt2` with its tokens and merges; one that falls back to bytes is a `llama`, whose
/// pieces score by the rank of the first merge that makes them. Rows of the embedding beyond the
/// tokens get tokens of the type "unused". Throws an Error for what GGUF has no name for: another
/// file, another pre-tokenizer.
void addGgufTokenizer(const std::string &directory, const ModelConfig &config, GgufPairs &pairs);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_GGUFTOKENIZERPAIRS_H
