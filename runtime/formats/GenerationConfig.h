//===- GenerationConfig.h - how a model's text is generated -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GENERATIONCONFIG_H
#define QOPT_RUNTIME_FORMATS_GENERATIONCONFIG_H

#include "runtime/formats/Json.h"
#include <string>
#include <vector>

namespace qopt {

/// How a checkpoint's authors want text to be generated. Absent keys stay empty.
struct GenerationConfig {
  std::optional<int64_t> bosTokenId;
  std::vector<int64_t> eosTokenIds; ///< Any of them ends the text.
  std::optional<bool> doSample;
  std::optional<double> temperature;
  std::optional<int64_t> topK;
  std::optional<double> topP;
  std::optional<double> minP;
  std::optional<double> repetitionPenalty;

  bool operator==(const GenerationConfig &) const = default;
};

/// Reads `<directory>/generation_config.json`; nothing if there is no such file. Throws Error.
std::optional<GenerationConfig> readGenerationConfig(const std::string &directory);

/// Parses the object of a generation_config.json. Throws Error.
GenerationConfig parseGenerationConfig(const JsonObject &object);

/// The form in plan.json: as in generation_config.json, but `eos_token_ids` is always a list.
Json toJson(const GenerationConfig &config);
GenerationConfig generationConfigFromJson(const JsonObject &object);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GENERATIONCONFIG_H
