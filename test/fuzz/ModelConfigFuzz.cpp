//===- ModelConfigFuzz.cpp - any bytes as a config ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/GenerationConfig.h"
#include "runtime/formats/HfConfig.h"
#include <cmath>

using namespace qopt;

/// Runs `parse`, which may throw an Error of one line.
template <typename Parse> static void expectNoCrash(Parse parse) {
  try {
    parse();
  } catch (const Error &error) {
    if (std::string_view(error.what()).find('\n') != std::string_view::npos)
      __builtin_trap();
  }
}

/// What was accepted comes back through JSON and has usable frequencies.
static void check(const ModelConfig &config) {
  Json json = toJson(config);
  if (modelConfigFromJson(JsonObject(json, "plan.json")) != config)
    __builtin_trap();
  for (double frequency : ropeInverseFrequencies(config))
    if (!std::isnormal(frequency) || frequency < 0)
      __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  expectNoCrash([&] {
    Json json = parseJson({reinterpret_cast<const char *>(data), size}, "fuzz.json");
    expectNoCrash([&] { check(parseHfConfig(json, "fuzz.json")); });
    expectNoCrash([&] { check(modelConfigFromJson(JsonObject(json, "fuzz.json"))); });
    expectNoCrash([&] { parseGenerationConfig(JsonObject(json, "fuzz.json")); });
  });
  return 0;
}
