//===- Llama.cpp - Llama, Mistral, Qwen2 and Qwen3 ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/Llama.h"

using namespace qopt;

ModuleNames LlamaBuilder::moduleNames() {
  ModuleNames names;
  names.model = "model";
  names.embedding = "model.embed_tokens";
  names.layers = "model.layers";
  names.finalNorm = "model.norm";
  names.attentionNorm = "input_layernorm";
  names.attention = "self_attn";
  names.attentionOut = "self_attn.o_proj";
  names.mlpNorm = "post_attention_layernorm";
  names.mlp = "mlp";
  names.activation = "mlp.act_fn";
  names.gate = "mlp.gate_proj";
  names.up = "mlp.up_proj";
  names.down = "mlp.down_proj";
  return names;
}

LlamaBuilder::LlamaBuilder(const ModelConfig &config, TensorSource &tensors,
                           mlir::MLIRContext *context)
    : DecoderBuilder(config, tensors, moduleNames(), context) {}

DecoderBuilder::Projections LlamaBuilder::buildProjections(const std::string &attention, Value x) {
  int64_t queries = config.numHeads * config.headDim, keys = config.numKvHeads * config.headDim;
  Value query = buildLinear(attention + ".q_proj", x, queries, config.qkvBias);
  Value key = buildLinear(attention + ".k_proj", x, keys, config.qkvBias);
  Value value = buildLinear(attention + ".v_proj", x, keys, config.qkvBias);
  if (config.qkNorm) {
    query = buildRmsNorm(attention + ".q_norm", query, config.headDim);
    key = buildRmsNorm(attention + ".k_norm", key, config.headDim);
  }
  return {query, key, value};
}

mlir::Value LlamaBuilder::buildLinearWeight(const std::string &module, int64_t outputs,
                                            int64_t inputs) {
  return buildGet({module + ".weight", {outputs, inputs}, TensorRequest::Use::Matrix});
}
