//===- Generator.h - texts from prompts -------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SAMPLING_GENERATOR_H
#define QOPT_RUNTIME_SAMPLING_GENERATOR_H

#include "runtime/sampling/Sampler.h"
#include "runtime/session/Session.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <string>

namespace qopt {

struct GenerationOptions {
  int64_t maxTokens = 128; ///< For each prompt.
  SamplingOptions sampling = {};
  std::vector<std::string> stopStrings = {};
  std::vector<int64_t> endTokens = {}; ///< Any of them ends a text.
};

enum class FinishReason : uint8_t {
  MaxTokens,
  EndToken,   ///< It is the last of the ids and gives no text.
  StopString, ///< The text ends before it.
  Context,    ///< The sequence is as long as the session's context.
};

/// "max_tokens", "end_token", "stop_string" or "context".
std::string_view toString(FinishReason reason);

struct GeneratedText {
  std::vector<int32_t> ids; ///< Without the prompt's.
  std::string text;         ///< The prompt's continuation, valid UTF-8.
  FinishReason reason = FinishReason::MaxTokens;
};

struct GenerationTimes {
  int64_t prefillTokens = 0;
  double prefillSeconds = 0; ///< Until the first token of each prompt is chosen.
  int64_t decodeTokens = 0;  ///< Those after the first.
  int64_t decodeSteps = 0;
  double decodeSeconds = 0;
};

/// Tokens that all prompts begin with, in the cache already.
struct SharedPrefix {
  SequenceId sequence; ///< Prompts start from it; it stays as it is.
  size_t tokens;       ///< Fewer than any prompt has.
};

/// Continues prompts, all of them in one batch. The likeliest tokens are chosen by the device if it
/// can (Session::decodeGreedily).
class Generator {
public:
  /// Receives text of prompt `prompt` as soon as it is certain.
  using TextCallback = std::function<void(size_t prompt, std::string_view text)>;

  /// All must outlive the generator; the session has room for the prompts.
  Generator(Session &session, const Tokenizer &tokenizer, GenerationOptions options);

  /// Prompts are token ids, none empty, in full even if there is a prefix. Throws an Error if one
  /// is longer than the context or an option is out of range.
  std::vector<GeneratedText> run(std::span<const std::vector<int32_t>> prompts,
                                 const TextCallback &onText,
                                 std::optional<SharedPrefix> prefix = std::nullopt);

  /// Of the last run.
  const GenerationTimes &times() const { return lastTimes; }

private:
  class Stream;

  void checkPrompts(std::span<const std::vector<int32_t>> prompts) const;
  /// Steps of the streams that have not finished, until one of them does.
  void decodeGreedily(std::span<Stream *const> running, std::span<const Feed> feeds);

  Session &session;
  const Tokenizer &tokenizer;
  GenerationOptions options;
  GenerationTimes lastTimes;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SAMPLING_GENERATOR_H
