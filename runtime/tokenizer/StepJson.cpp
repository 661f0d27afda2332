//===- StepJson.cpp - what all steps of tokenizer.json share --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/StepJson.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

/// Recursion ends because parseJson limits the depth.
static void flattenInto(const JsonObject &step, std::string_view path, std::string_view listKey,
                        std::vector<JsonObject> &steps) {
  if (step.string("type") != "Sequence") {
    steps.push_back(step);
    return;
  }
  if (!step.has(listKey) || !step.json().find(listKey)->is_array())
    step.failAt(listKey, "must be a list of steps");
  const Json &list = *step.json().find(listKey);
  for (size_t i = 0; i < list.size(); ++i) {
    std::string inner = fmt::format("{}.{}[{}]", path, listKey, i);
    flattenInto(JsonObject(list[i], step.file(), inner), inner, listKey, steps);
  }
}

std::vector<JsonObject> qopt::flattenSteps(const JsonObject &owner, std::string_view key,
                                           std::string_view listKey) {
  std::vector<JsonObject> steps;
  if (auto step = owner.optionalObject(key))
    flattenInto(*step, key, listKey, steps);
  return steps;
}

void qopt::failUnsupported(const JsonObject &step, std::string_view supported) {
  step.failAt("type", fmt::format("is {}, which is not supported; these are: {}",
                                  quote(step.string("type")), supported));
}

Pattern qopt::parsePattern(const JsonObject &step) {
  JsonObject pattern = step.object("pattern");
  try {
    if (auto text = pattern.optionalString("String"))
      return Pattern::literal(*text);
    return Pattern::regex(pattern.string("Regex"));
  } catch (const Error &error) {
    // Expressions do not know their file.
    if (std::string_view(error.what()).starts_with(step.file()))
      throw;
    fail("{}: {}", step.file(), error.what());
  }
}
