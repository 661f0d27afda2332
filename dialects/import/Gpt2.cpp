//===- Gpt2.cpp - GPT-2 ---------------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/Gpt2.h"

using namespace mlir;
using namespace qopt;

ModuleNames Gpt2Builder::moduleNames(const std::string &prefix) {
  ModuleNames names;
  names.model = "transformer";
  names.embedding = prefix + "wte";
  names.positions = prefix + "wpe";
  names.layers = prefix + "h";
  names.finalNorm = prefix + "ln_f";
  names.attentionNorm = "ln_1";
  names.attention = "attn";
  names.attentionOut = "attn.c_proj";
  names.mlpNorm = "ln_2";
  names.mlp = "mlp";
  names.activation = "mlp.act";
  names.up = "mlp.c_fc";
  names.down = "mlp.c_proj";
  return names;
}

Gpt2Builder::Gpt2Builder(const ModelConfig &config, TensorSource &tensors,
                         const std::string &prefix, MLIRContext *context)
    : DecoderBuilder(config, tensors, moduleNames(prefix), context) {}

DecoderBuilder::Projections Gpt2Builder::buildProjections(const std::string &attention, Value x) {
  std::string module = attention + ".c_attn";
  int64_t size = config.hiddenSize;
  Value all = buildLinear(module, x, 3 * size, config.qkvBias);
  return {buildSlice(module, all, 0, size), buildSlice(module, all, size, size),
          buildSlice(module, all, 2 * size, size)};
}

mlir::Value Gpt2Builder::buildLinearWeight(const std::string &module, int64_t outputs,
                                           int64_t inputs) {
  if (!tensors.hasConv1d())
    return buildGet({module + ".weight", {outputs, inputs}, TensorRequest::Use::Matrix});
  return buildComputed(module + ".weight.transposed", module, [&]() -> Value {
    Value stored = buildGet({module + ".weight", {inputs, outputs}, TensorRequest::Use::Conv1d});
    auto elementType = cast<RankedTensorType>(stored.getType()).getElementType();
    auto type = RankedTensorType::get({outputs, inputs}, elementType);
    return llm::TransposeOp::create(builder, loc(module), type, stored);
  });
}
