//===- GgufConfigPairs.h - a model's config as GGUF metadata ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFCONFIGPAIRS_H
#define QOPT_RUNTIME_FORMATS_GGUFCONFIGPAIRS_H

#include "runtime/formats/GgufWriter.h"
#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// Adds the keys of the model's architecture, `general.architecture` among them: what
/// readGgufConfig makes this config of again, with the tensors and the tokenizer's keys. Throws an
/// Error for a model that llama.cpp would run differently.
void addGgufConfig(const ModelConfig &config, GgufPairs &pairs);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFCONFIGPAIRS_H
