//===- StepJson.h - what all steps of tokenizer.json share ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_STEPJSON_H
#define QOPT_RUNTIME_TOKENIZER_STEPJSON_H

#include "runtime/formats/Json.h"
#include "runtime/tokenizer/Pattern.h"
#include <string_view>
#include <vector>

namespace qopt {

/// The steps under `key` in order, "Sequence" steps (with their list under `listKey`) laid flat;
/// none if it is null.
std::vector<JsonObject> flattenSteps(const JsonObject &owner, std::string_view key,
                                     std::string_view listKey);

/// Refuses a step by its type: "<file>: 'normalizer.type' is 'Lowercase', which is not supported;
/// these are: ...".
[[noreturn]] void failUnsupported(const JsonObject &step, std::string_view supported);

/// {"String": "a"} or {"Regex": "a+"} under the key "pattern".
Pattern parsePattern(const JsonObject &step);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_STEPJSON_H
