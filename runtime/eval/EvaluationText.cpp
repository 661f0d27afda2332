//===- EvaluationText.cpp - a text cut up as a convention does ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/EvaluationText.h"
#include "runtime/eval/WikitextPage.h"
#include "runtime/formats/Error.h"
#include "runtime/tokenizer/Tokenizer.h"

namespace qopt {

namespace {

/// The smallest window that has a token to score.
int64_t smallestCtx(Convention convention) {
  switch (convention) {
  case Convention::LlamaCpp:
    return 3;
  case Convention::Gptq:
    return 2;
  case Convention::LmEval:
    return 1;
  }
  std::abort();
}

/// Throws an Error unless `tokens` fill `windows` windows.
void checkEnough(size_t tokens, int64_t windows, Convention convention, int64_t ctx,
                 std::string_view file) {
  const int64_t needed = windows * ctx;
  if (int64_t(tokens) >= needed)
    return;
  const int64_t fitting = int64_t(tokens) / windows;
  const std::string remedy =
      fitting >= smallestCtx(convention) ? fmt::format("; ctx={} would do", fitting) : "";
  fail("{}: {} tokens are too few for {} at ctx={}, which needs {}{}", file, tokens,
       toString(convention), ctx, needed, remedy);
}

/// One encoding of the whole text; special tokens written out in it are text, as llama.cpp does.
void prepareLlamaCpp(std::string_view text, std::string_view file, const Tokenizer &tokenizer,
                     EvaluationText &result) {
  std::vector<int32_t> tokens =
      tokenizer.encode(text, {.addSpecial = false, .parseSpecial = false});
  std::optional<int32_t> bos;
  if (tokenizer.addsBos()) {
    bos = tokenizer.bosId();
    tokens.insert(tokens.begin(), *bos);
  }
  checkEnough(tokens.size(), 2, result.convention, result.ctx, file);
  result.windows = llamaCppWindows(tokens, result.ctx, bos);
  result.bos = bos.has_value();
}

/// One encoding of the whole text with the tokenizer's defaults.
void prepareGptq(std::string_view text, std::string_view file, const Tokenizer &tokenizer,
                 EvaluationText &result) {
  const std::vector<int32_t> tokens = tokenizer.encode(text);
  checkEnough(tokens.size(), 1, result.convention, result.ctx, file);
  result.windows = gptqWindows(tokens, result.ctx);
  result.bos = tokenizer.addsBos();
}

/// An encoding of each page, detokenized, after a prefix token.
void prepareLmEval(std::string_view text, std::string_view file, const Tokenizer &tokenizer,
                   EvaluationText &result) {
  const std::optional<int32_t> bos = tokenizer.bosId();
  const std::optional<int32_t> prefix = bos ? bos : tokenizer.eosId();
  if (!prefix)
    fail("{}: lm-eval starts a text with BOS or else EOS, and this tokenizer has neither",
         tokenizer.source());
  TextSize size{0, 0, 0};
  for (std::string_view page : splitWikitextPages(text)) {
    ++size.pages;
    size.words += countWords(page);
    size.bytes += int64_t(page.size());
    const std::vector<int32_t> tokens =
        tokenizer.encode(detokenizeWikitext(page), {.addSpecial = false});
    for (Window &window : rollingWindows(tokens, result.ctx, *prefix))
      result.windows.push_back(std::move(window));
  }
  if (result.windows.empty())
    fail("{}: no tokens to score", file);
  result.bos = bos.has_value();
  result.size = size;
}

} // namespace

EvaluationText prepareText(Convention convention, std::string_view text, std::string_view file,
                           const Tokenizer &tokenizer, int64_t ctx) {
  if (ctx < smallestCtx(convention))
    fail("ctx={} is too small for {}; the least is {}", ctx, toString(convention),
         smallestCtx(convention));
  EvaluationText result{convention, ctx, false, {}, {}};
  switch (convention) {
  case Convention::LlamaCpp:
    prepareLlamaCpp(text, file, tokenizer, result);
    break;
  case Convention::Gptq:
    prepareGptq(text, file, tokenizer, result);
    break;
  case Convention::LmEval:
    prepareLmEval(text, file, tokenizer, result);
    break;
  }
  return result;
}

} // namespace qopt
