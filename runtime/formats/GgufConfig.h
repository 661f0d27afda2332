//===- GgufConfig.h - a model's config from GGUF metadata -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFCONFIG_H
#define QOPT_RUNTIME_FORMATS_GGUFCONFIG_H

#include "runtime/formats/GgufCheckpoint.h"
#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// The config that config.json gives of the same model. Biases and tied embeddings show in which
/// tensors there are; Llama 3.1's rope scaling in the factors of `rope_freqs.weight`. Throws an
/// Error that names the key for what is missing or not supported.
ModelConfig readGgufConfig(const GgufCheckpoint &checkpoint);

/// The tensor of Llama 3.1's frequency factors.
constexpr std::string_view ropeFactorsName = "rope_freqs.weight";

/// Its contents: what each of `headDim / 2` frequencies is divided by.
std::vector<float> llama3RopeFactors(const ModelConfig &config, const Llama3RopeScaling &scaling);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFCONFIG_H
