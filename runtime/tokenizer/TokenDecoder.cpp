//===- TokenDecoder.cpp - from tokens back to bytes -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/TokenDecoder.h"

#include "runtime/tokenizer/ByteAlphabet.h"
#include <charconv>

using namespace qopt;

void TokenDecoder::addReplace(Pattern pattern, std::string content) {
  steps.push_back(Replace{std::move(pattern), std::move(content)});
}

void TokenDecoder::addMetaspace(std::string mark, bool dropsFirst) {
  steps.push_back(Metaspace{Pattern::literal(std::move(mark)), dropsFirst});
}

void TokenDecoder::setStripStart(std::string content, size_t count) {
  stripped = std::move(content);
  maxStripped = count;
}

void TokenDecoder::append(std::string_view token, bool isFirst, std::string &out) const {
  if (!isFirst)
    out += separator;
  std::string text(token);
  for (const auto &step : steps) {
    if (auto *replace = std::get_if<Replace>(&step)) {
      text = replace->pattern.replaceAll(text, replace->content);
    } else {
      const auto &metaspace = std::get<Metaspace>(step);
      text = metaspace.mark.replaceAll(text, isFirst && metaspace.dropsFirst ? "" : " ");
    }
  }
  if (alphabet == Alphabet::ByteLevel) {
    appendFromByteAlphabet(text, out);
    return;
  }
  if (alphabet == Alphabet::ByteFallback && text.size() == 6 && text.starts_with("<0x") &&
      text.ends_with('>')) {
    unsigned byte = 0;
    auto [end, error] = std::from_chars(text.data() + 3, text.data() + 5, byte, 16);
    if (error == std::errc() && end == text.data() + 5) {
      out.push_back(static_cast<char>(byte));
      return;
    }
  }
  out += text;
}
