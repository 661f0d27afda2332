//===- StreamDecoder.cpp - text while it is generated ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/StreamDecoder.h"

#include "runtime/formats/Error.h"

using namespace qopt;

void StreamDecoder::prime(std::span<const int32_t> ids) {
  for (int32_t id : ids)
    feed(id);
}

std::string StreamDecoder::feed(int32_t id) {
  if (id < 0 || id >= tokenizer.vocabSize())
    fail("{}: there is no token {}; ids are 0 to {}", tokenizer.source(), id,
         tokenizer.vocabSize() - 1);
  if (options.skipSpecial && tokenizer.isSpecial(id))
    return {};
  tokenizer.decoder().append(tokenizer.tokenText(id), !hasToken, pending);
  hasToken = true;
  return drain(/*isFinal=*/false);
}

std::string StreamDecoder::finish() { return drain(/*isFinal=*/true); }

std::string StreamDecoder::drain(bool isFinal) {
  const TokenDecoder &decoder = tokenizer.decoder();
  std::string text;
  drainUtf8(pending, isFinal, decoder.invalidBytes(), text);
  if (!isStripping)
    return text;
  const std::string &content = decoder.stripContent();
  size_t begin = 0;
  while (strippedCount < decoder.stripCount() &&
         std::string_view(text).substr(begin).starts_with(content)) {
    begin += content.size();
    ++strippedCount;
  }
  isStripping = strippedCount < decoder.stripCount() && begin == text.size();
  return text.substr(begin);
}
