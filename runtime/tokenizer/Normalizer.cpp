//===- Normalizer.cpp - what happens to text before it is split -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Normalizer.h"

#include "runtime/formats/Error.h"
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

using namespace qopt;

void Normalizer::addPrepend(std::string text, bool onlyAtStart) {
  steps.push_back(Prepend{std::move(text), onlyAtStart});
}

void Normalizer::addReplace(Pattern pattern, std::string content) {
  steps.push_back(Replace{std::move(pattern), std::move(content)});
}

void Normalizer::addUnicodeForm(Form form) { steps.push_back(form); }

static std::string toUnicodeForm(std::string text, Normalizer::Form form) {
  bool isAscii = std::all_of(text.begin(), text.end(), [](char c) { return (c & 0x80) == 0; });
  if (isAscii)
    return text;
  bool composes = form == Normalizer::Form::Nfc || form == Normalizer::Form::Nfkc;
  bool isCompatible = form == Normalizer::Form::Nfkc || form == Normalizer::Form::Nfkd;
  auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE |
                                                (composes ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) |
                                                (isCompatible ? UTF8PROC_COMPAT : 0));
  utf8proc_uint8_t *mapped = nullptr;
  utf8proc_ssize_t length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t *>(text.data()),
                   static_cast<utf8proc_ssize_t>(text.size()), &mapped, options);
  std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, std::free);
  if (length < 0)
    fail("Unicode normalization of {} bytes of text: {}", text.size(), utf8proc_errmsg(length));
  return std::string(reinterpret_cast<const char *>(mapped), static_cast<size_t>(length));
}

std::string Normalizer::apply(std::string_view original, bool atStart) const {
  std::string text(original);
  for (const auto &step : steps) {
    if (auto *prepend = std::get_if<Prepend>(&step)) {
      if (!text.empty() && (atStart || !prepend->onlyAtStart))
        text.insert(0, prepend->text);
    } else if (auto *replace = std::get_if<Replace>(&step)) {
      text = replace->pattern.replaceAll(text, replace->content);
    } else {
      text = toUnicodeForm(std::move(text), std::get<Form>(step));
    }
  }
  return text;
}
