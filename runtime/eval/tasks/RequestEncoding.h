//===- RequestEncoding.h - texts of a question as tokens --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_TASKS_REQUESTENCODING_H
#define QOPT_RUNTIME_EVAL_TASKS_REQUESTENCODING_H

#include "runtime/eval/Window.h"
#include <string_view>

namespace qopt {

class Tokenizer;

/// A context and a continuation as tokens.
struct EncodedRequest {
  Window window;          ///< The continuation is scored.
  bool truncated = false; ///< The context lost tokens on its left.
};

/// As lm-evaluation-harness does (`_encode_pair`, `_loglikelihood_tokens`): white space at the end
/// of the context moves to the continuation; both are encoded together, and what is beyond the
/// length of the encoded context is the continuation. A tokenizer's own BOS comes first; an empty
/// context is BOS, or else EOS. Of more than `context + 1` tokens the last remain. Throws an Error
/// if the continuation alone is longer, or the tokenizer has neither BOS nor EOS for an empty
/// context.
EncodedRequest encodeRequest(const Tokenizer &tokenizer, std::string_view context,
                             std::string_view continuation, int64_t contextTokens);

/// A prompt for generation, with room for `room` tokens after it: of more, the last remain.
EncodedRequest encodePrompt(const Tokenizer &tokenizer, std::string_view prompt,
                            int64_t contextTokens, int64_t room);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_TASKS_REQUESTENCODING_H
