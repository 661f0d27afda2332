//===- GgufNames.cpp - GGUF's names for a model's modules -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufNames.h"

#include <fmt/format.h>

using namespace qopt;

using NamePair = std::pair<std::string_view, std::string_view>;

/// Outside of layers. Tensors are `<module>.weight` and `<module>.bias`.
static constexpr NamePair modelModules[] = {
    {"model.embed_tokens", "token_embd"},
    {"model.norm", "output_norm"},
    {"lm_head", "output"},
    {"transformer.wte", "token_embd"},
    {"transformer.ln_f", "output_norm"},
    {"transformer.wpe", "position_embd"},
    {"transformer", "model"},
};

/// Behind the layer's number.
static constexpr NamePair layerModules[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn", "attn"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"self_attn.o_proj", "attn_output"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp", "ffn"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.act_fn", "ffn_act"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"ln_1", "attn_norm"},
    {"attn", "attn"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"ln_2", "ffn_norm"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.act", "ffn_act"},
    {"mlp.c_proj", "ffn_down"},
};

static std::string_view find(std::span<const NamePair> names, std::string_view name) {
  for (auto [from, to] : names)
    if (from == name)
      return to;
  return name;
}

std::string qopt::ggufName(std::string_view name) {
  std::string_view suffix;
  for (std::string_view tensor : {".weight", ".bias"})
    if (name.ends_with(tensor)) {
      suffix = tensor;
      name.remove_suffix(tensor.size());
    }
  for (std::string_view layers : {"model.layers.", "transformer.h."}) {
    if (!name.starts_with(layers))
      continue;
    std::string_view rest = name.substr(layers.size());
    std::string_view layer = rest.substr(0, rest.find('.'));
    if (layer.size() == rest.size())
      return fmt::format("blk.{}", layer);
    return fmt::format("blk.{}.{}{}", layer, find(layerModules, rest.substr(layer.size() + 1)),
                       suffix);
  }
  return fmt::format("{}{}", find(modelModules, name), suffix);
}

int64_t qopt::interleavedHeads(const ModelConfig &config, std::string_view tensor) {
  bool isLlama = config.family == ModelFamily::Llama || config.family == ModelFamily::Mistral;
  auto isOf = [&](std::string_view module) {
    size_t at = tensor.rfind(module);
    return at != tensor.npos && (tensor.substr(at + module.size()) == ".weight" ||
                                 tensor.substr(at + module.size()) == ".bias");
  };
  if (isLlama && isOf(".attn_q"))
    return config.numHeads;
  return isLlama && isOf(".attn_k") ? config.numKvHeads : 0;
}
