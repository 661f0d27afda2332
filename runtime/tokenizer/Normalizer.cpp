//===- Normalizer.cpp - what happens to text before it is split -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Normalizer.h"

using namespace qopt;

void Normalizer::addPrepend(std::string text, bool onlyAtStart) {
  steps.push_back(Prepend{std::move(text), onlyAtStart});
}

void Normalizer::addReplace(Pattern pattern, std::string content) {
  steps.push_back(Replace{std::move(pattern), std::move(content)});
}

void Normalizer::addUnicodeForm(UnicodeForm form) { steps.push_back(form); }

std::string Normalizer::apply(std::string_view original, bool atStart) const {
  std::string text(original);
  for (const auto &step : steps) {
    if (auto *prepend = std::get_if<Prepend>(&step)) {
      if (!text.empty() && (atStart || !prepend->onlyAtStart))
        text.insert(0, prepend->text);
    } else if (auto *replace = std::get_if<Replace>(&step)) {
      text = replace->pattern.replaceAll(text, replace->content);
    } else {
      text = toUnicodeForm(text, std::get<UnicodeForm>(step));
    }
  }
  return text;
}
