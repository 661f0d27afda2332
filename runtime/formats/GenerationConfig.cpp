//===- GenerationConfig.cpp - how a model's text is generated -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GenerationConfig.h"

#include "runtime/formats/ModelConfig.h"
#include <filesystem>

using namespace qopt;

static GenerationConfig parse(const JsonObject &object, std::string_view eosKey) {
  constexpr int64_t maxToken = ModelLimits::vocabSize - 1;
  constexpr double infinity = std::numeric_limits<double>::max();
  GenerationConfig config;
  config.bosTokenId = object.optionalInteger("bos_token_id", 0, maxToken);
  config.eosTokenIds = object.integerList(eosKey, 0, maxToken);
  config.doSample = object.optionalBoolean("do_sample");
  config.temperature = object.optionalNumber("temperature", 0, infinity);
  config.topK = object.optionalInteger("top_k", 0, std::numeric_limits<int64_t>::max());
  config.topP = object.optionalNumber("top_p", 0, 1);
  config.minP = object.optionalNumber("min_p", 0, 1);
  config.repetitionPenalty = object.optionalNumber("repetition_penalty", 0, infinity);
  return config;
}

GenerationConfig qopt::parseGenerationConfig(const JsonObject &object) {
  return parse(object, "eos_token_id");
}

GenerationConfig qopt::generationConfigFromJson(const JsonObject &object) {
  return parse(object, "eos_token_ids");
}

std::optional<GenerationConfig> qopt::readGenerationConfig(const std::string &directory) {
  std::string path = directory + "/generation_config.json";
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return std::nullopt;
  Json json = readJsonFile(path);
  return parseGenerationConfig(JsonObject(json, path));
}

Json qopt::toJson(const GenerationConfig &config) {
  Json json = {{"eos_token_ids", config.eosTokenIds}};
  auto add = [&](const char *key, const auto &value) {
    if (value)
      json[key] = *value;
  };
  add("bos_token_id", config.bosTokenId);
  add("do_sample", config.doSample);
  add("temperature", config.temperature);
  add("top_k", config.topK);
  add("top_p", config.topP);
  add("min_p", config.minP);
  add("repetition_penalty", config.repetitionPenalty);
  return json;
}
