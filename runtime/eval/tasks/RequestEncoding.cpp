//===- RequestEncoding.cpp - texts of a question as tokens ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/RequestEncoding.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Tokenizer.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>

using namespace qopt;

static std::vector<int32_t> encode(const Tokenizer &tokenizer, std::string_view text) {
  std::vector<int32_t> tokens = tokenizer.encode(text, {.addSpecial = false});
  // Text that writes BOS out has it already.
  if (tokenizer.addsBos() && (tokens.empty() || tokens.front() != *tokenizer.bosId()))
    tokens.insert(tokens.begin(), *tokenizer.bosId());
  return tokens;
}

static int32_t prefixToken(const Tokenizer &tokenizer) {
  if (const auto prefix = tokenizer.bosId() ? tokenizer.bosId() : tokenizer.eosId())
    return *prefix;
  fail("{}: an empty context is BOS or else EOS, and this tokenizer has neither",
       tokenizer.source());
}

/// Python's str.rstrip, in bytes that remain.
static size_t strippedLength(std::string_view text) {
  size_t end = text.size();
  while (end > 0) {
    size_t last = end - 1;
    while (last > 0 && (static_cast<unsigned char>(text[last]) & 0xc0) == 0x80)
      --last;
    const char32_t c = utf8CodePoint(text.substr(last));
    if (!isWhiteSpace(c) && !(c >= 0x1c && c <= 0x1f))
      break;
    end = last;
  }
  return end;
}

EncodedRequest qopt::encodeRequest(const Tokenizer &tokenizer, std::string_view context,
                                   std::string_view continuation, int64_t contextTokens) {
  EncodedRequest request;
  Window &window = request.window;
  if (context.empty()) {
    window.tokens = tokenizer.encode(continuation, {.addSpecial = false});
    window.tokens.insert(window.tokens.begin(), prefixToken(tokenizer));
    window.firstScored = 1;
  } else {
    const std::string whole = std::string(context) + std::string(continuation);
    const size_t stripped = strippedLength(context);
    window.tokens = encode(tokenizer, whole);
    window.firstScored = encode(tokenizer, context.substr(0, stripped)).size();
    // A context of white space alone is an empty one.
    if (window.firstScored == 0) {
      window.tokens.insert(window.tokens.begin(), prefixToken(tokenizer));
      window.firstScored = 1;
    }
  }
  // Where the two merge into fewer tokens than the context has, the last token counts.
  window.firstScored = std::min(window.firstScored, window.tokens.size() - 1);
  if (window.firstScored == 0)
    fail("the continuation {} is no token after the context {}", quote(continuation),
         quote(context));

  const size_t most = size_t(contextTokens) + 1;
  if (window.numScored() > size_t(contextTokens))
    fail("the continuation {} has {} tokens; the model's context is {}", quote(continuation),
         window.numScored(), contextTokens);
  if (window.tokens.size() > most) {
    const size_t excess = window.tokens.size() - most;
    window.tokens.erase(window.tokens.begin(), window.tokens.begin() + ptrdiff_t(excess));
    window.firstScored -= excess;
    request.truncated = true;
  }
  return request;
}

EncodedRequest qopt::encodePrompt(const Tokenizer &tokenizer, std::string_view prompt,
                                  int64_t contextTokens, int64_t room) {
  EncodedRequest request;
  std::vector<int32_t> &tokens = request.window.tokens;
  tokens = encode(tokenizer, prompt);
  if (tokens.empty())
    tokens.push_back(prefixToken(tokenizer));
  const size_t most = size_t(std::max<int64_t>(1, contextTokens - room));
  if (tokens.size() > most) {
    tokens.erase(tokens.begin(), tokens.end() - ptrdiff_t(most));
    request.truncated = true;
  }
  request.window.firstScored = tokens.size();
  return request;
}
