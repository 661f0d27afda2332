//===- EvaluationText.h - a text cut up as a convention does ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_EVALUATIONTEXT_H
#define QOPT_RUNTIME_EVAL_EVALUATIONTEXT_H

#include "runtime/eval/Convention.h"
#include "runtime/eval/Window.h"
#include <optional>
#include <string_view>

namespace qopt {

class Tokenizer;

/// Sizes of the text as it stands in its file, before any detokenization: what lm-eval divides by.
struct TextSize {
  int64_t pages;
  int64_t words;
  int64_t bytes;
};

struct EvaluationText {
  Convention convention;
  int64_t ctx;
  bool bos; ///< Whether windows (gptq: the first one) begin with the beginning-of-text token.
  std::vector<Window> windows;
  std::optional<TextSize> size; ///< Under lm-eval.
};

/// Encodes `text` and cuts it into windows of `ctx` tokens. `file` is for messages. Throws an Error
/// if ctx is too small for the convention, if the text has too few tokens for it (saying how many
/// there are), or if lm-eval needs a prefix and the tokenizer has neither BOS nor EOS.
EvaluationText prepareText(Convention convention, std::string_view text, std::string_view file,
                           const Tokenizer &tokenizer, int64_t ctx);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_EVALUATIONTEXT_H
