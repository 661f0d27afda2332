//===- GgufNames.h - GGUF's names for a model's modules ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFNAMES_H
#define QOPT_RUNTIME_FORMATS_GGUFNAMES_H

#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// What GGUF calls a module, or a tensor, of a Hugging Face checkpoint of a Llama, Qwen or GPT-2:
/// "blk.3.ffn_down" for "model.layers.3.mlp.down_proj". Modules without tensors get names of the
/// same kind ("blk.3.attn"); other names stay.
std::string ggufName(std::string_view name);

/// How many heads' rows of the tensor of this name in a GGUF file of this model are interleaved:
/// row `2 j + s` of a head is row `s * headDim / 2 + j` of the Hugging Face checkpoint. 0 for all
/// but the queries and keys of Llama, whose rotation llama.cpp applies to neighbours.
int64_t interleavedHeads(const ModelConfig &config, std::string_view ggufTensor);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFNAMES_H
