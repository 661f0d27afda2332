//===- Import.cpp - llm IR from Hugging Face checkpoints ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/Import.h"
#include "dialects/import/CheckpointTensors.h"
#include "dialects/import/GgufTensors.h"
#include "dialects/import/Gpt2.h"
#include "dialects/import/Llama.h"
#include "dialects/import/RandomTensors.h"
#include "runtime/formats/GgufConfig.h"
#include "runtime/formats/HfConfig.h"

using namespace mlir;
using namespace qopt;

static OwningOpRef<ModuleOp> buildModel(const ModelConfig &config, TensorSource &tensors,
                                        const std::string &gpt2Prefix, MLIRContext *context) {
  context->loadDialect<llm::LlmDialect, func::FuncDialect, q::QDialect>();
  if (config.family == ModelFamily::Gpt2)
    return Gpt2Builder(config, tensors, gpt2Prefix, context).build();
  return LlamaBuilder(config, tensors, context).build();
}

OwningOpRef<ModuleOp> qopt::importHuggingFace(const std::string &directory, MLIRContext *context) {
  ModelConfig config = readHfConfig(directory + "/config.json");
  Checkpoint checkpoint(directory);
  CheckpointTensors tensors(checkpoint, config, context);
  std::string gpt2Prefix = tensors.has("wte.weight") ? "" : "transformer.";
  OwningOpRef<ModuleOp> module = buildModel(config, tensors, gpt2Prefix, context);
  tensors.finish(config.family == ModelFamily::Gpt2 ? gpt2Prefix + "wte.weight"
                                                    : "model.embed_tokens.weight");
  (*module)->setAttr("llm.checkpoint", StringAttr::get(context, directory));
  return module;
}

OwningOpRef<ModuleOp> qopt::importGguf(const std::string &path, std::optional<DType> dequantize,
                                       MLIRContext *context) {
  GgufCheckpoint checkpoint(path);
  ModelConfig config = readGgufConfig(checkpoint);
  context->loadDialect<q::QDialect>(); // schemes of tensors
  GgufTensors tensors(checkpoint, config, dequantize, context);
  OwningOpRef<ModuleOp> module = buildModel(config, tensors, "transformer.", context);
  tensors.finish();
  (*module)->setAttr("llm.checkpoint", StringAttr::get(context, path));
  return module;
}

OwningOpRef<ModuleOp> qopt::importRandom(const std::string &configPath, int64_t seed,
                                         MLIRContext *context) {
  ModelConfig config = readHfConfig(configPath);
  RandomTensors tensors(seed, config.torchDType, context);
  return buildModel(config, tensors, "transformer.", context);
}
