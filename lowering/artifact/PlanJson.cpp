//===- PlanJson.cpp - the JSON of plan.json -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/PlanJson.h"

using namespace qopt;

static constexpr size_t kMaxLine = 120;
/// Launches stay on one line each, however long.
static constexpr const char *kLaunchKey = "op";

static void append(std::string &text, const OrderedJson &value, size_t indent) {
  std::string line = value.dump();
  if (!value.is_structured() || line.size() <= kMaxLine || value.contains(kLaunchKey)) {
    text += line;
    return;
  }
  std::string newLine = "\n" + std::string(indent + 2, ' ');
  const char *separator = "";
  text += value.is_object() ? "{" : "[";
  for (const auto &[key, element] : value.items()) {
    text += separator + newLine;
    if (value.is_object())
      text += OrderedJson(key).dump() + ": ";
    append(text, element, indent + 2);
    separator = ",";
  }
  text += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

std::string qopt::formatJson(const OrderedJson &value) {
  std::string text;
  append(text, value, 0);
  return text + "\n";
}
