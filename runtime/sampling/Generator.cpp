//===- Generator.cpp - texts from prompts ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/Generator.h"

#include "runtime/formats/Error.h"
#include "runtime/sampling/StopStrings.h"
#include "runtime/tokenizer/StreamDecoder.h"
#include <algorithm>
#include <cassert>
#include <chrono>

using namespace qopt;

std::string_view qopt::toString(FinishReason reason) {
  switch (reason) {
  case FinishReason::MaxTokens:
    return "max_tokens";
  case FinishReason::EndToken:
    return "end_token";
  case FinishReason::StopString:
    return "stop_string";
  case FinishReason::Context:
    break;
  }
  return "context";
}

/// One prompt on its way: its sequence, its random numbers, and its ids as they become text.
class Generator::Stream {
public:
  Stream(Generator &generator, size_t index, std::span<const int32_t> prompt,
         const TextCallback &onText, const std::optional<SharedPrefix> &prefix)
      : generator(generator), index(index), onText(onText),
        sampler(generator.options.sampling, index), decoder(generator.tokenizer),
        stops(generator.options.stopStrings),
        sequence(prefix ? generator.session.fork(prefix->sequence)
                        : generator.session.addSequence()),
        promptTokens(int64_t(prompt.size())) {
    sampler.accept(prompt);
    decoder.prime(prompt);
  }
  ~Stream() { generator.session.removeSequence(sequence); }
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  SequenceId id() const { return sequence; }
  bool isFinished() const { return finished; }
  /// What comes next into the session.
  std::span<const int32_t> lastToken() const { return std::span(result.ids).last(1); }
  /// Steps until it ends at the latest, if each gives it a token.
  int64_t stepsLeft() const { return generator.options.maxTokens - int64_t(result.ids.size()); }
  GeneratedText take() { return std::move(result); }

  /// Chooses the next token.
  void advance(std::span<const float> logits) {
    int32_t token = sampler.sample(logits);
    sampler.accept(std::span(&token, 1));
    accept(token);
  }
  /// The next token was chosen.
  void accept(int32_t token) {
    result.ids.push_back(token);
    const GenerationOptions &options = generator.options;
    if (std::ranges::find(options.endTokens, token) != options.endTokens.end())
      return finish(FinishReason::EndToken);
    emit(stops.feed(decoder.feed(token)));
    if (stops.stopped())
      finish(FinishReason::StopString);
    else if (int64_t(result.ids.size()) == options.maxTokens)
      finish(FinishReason::MaxTokens);
    else if (promptTokens + int64_t(result.ids.size()) > generator.session.context())
      finish(FinishReason::Context);
  }

private:
  void emit(const std::string &text) {
    if (text.empty())
      return;
    result.text += text;
    if (onText)
      onText(index, text);
  }

  void finish(FinishReason reason) {
    emit(stops.feed(decoder.finish()));
    emit(stops.finish());
    result.reason = reason;
    finished = true;
  }

  Generator &generator;
  size_t index;
  const TextCallback &onText;
  Sampler sampler;
  StreamDecoder decoder;
  StopStrings stops;
  SequenceId sequence;
  int64_t promptTokens;
  GeneratedText result;
  bool finished = false;
};

Generator::Generator(Session &session, const Tokenizer &tokenizer, GenerationOptions options)
    : session(session), tokenizer(tokenizer), options(std::move(options)) {}

void Generator::checkPrompts(std::span<const std::vector<int32_t>> prompts) const {
  for (size_t i = 0; i < prompts.size(); ++i) {
    assert(!prompts[i].empty());
    if (int64_t(prompts[i].size()) > session.context())
      fail("prompt {} has {} tokens; the context is {}", i + 1, prompts[i].size(),
           session.context());
  }
}

void Generator::decodeGreedily(std::span<Stream *const> running, std::span<const Feed> feeds) {
  int64_t steps = running.front()->stepsLeft();
  for (const Stream *stream : running)
    steps = std::min(steps, stream->stepsLeft());
  session.decodeGreedily(feeds, steps, [&](std::span<const int32_t> tokens) {
    lastTimes.decodeTokens += int64_t(tokens.size());
    ++lastTimes.decodeSteps;
    bool noneFinished = true;
    for (size_t i = 0; i < running.size(); ++i) {
      running[i]->accept(tokens[i]);
      noneFinished &= !running[i]->isFinished();
    }
    return noneFinished;
  });
}

std::vector<GeneratedText> Generator::run(std::span<const std::vector<int32_t>> prompts,
                                          const TextCallback &onText,
                                          std::optional<SharedPrefix> prefix) {
  using Clock = std::chrono::steady_clock;
  auto secondsSince = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  checkPrompts(prompts);
  lastTimes = {};
  std::vector<std::unique_ptr<Stream>> streams;
  std::vector<Feed> feeds;
  for (size_t i = 0; i < prompts.size(); ++i) {
    streams.push_back(std::make_unique<Stream>(*this, i, prompts[i], onText, prefix));
    const std::span<const int32_t> fed = std::span(prompts[i]).subspan(prefix ? prefix->tokens : 0);
    assert(!fed.empty());
    feeds.push_back({streams[i]->id(), fed, options.maxTokens > 0 ? fed.size() - 1 : fed.size()});
    lastTimes.prefillTokens += int64_t(fed.size());
  }
  // Sequence ids are small, but need not be the prompts' numbers.
  std::vector<Stream *> streamOf;
  for (const std::unique_ptr<Stream> &stream : streams) {
    streamOf.resize(std::max(streamOf.size(), size_t(stream->id()) + 1));
    streamOf[size_t(stream->id())] = stream.get();
  }
  auto advance = [&](const TokenResult &token) {
    streamOf[size_t(token.sequence)]->advance(token.logits);
  };
  const bool isGreedy = options.sampling.temperature == 0 &&
                        options.sampling.repetitionPenalty == 1 &&
                        session.canDecodeGreedily(prompts.size());

  Clock::time_point start = Clock::now();
  if (isGreedy)
    session.score(feeds, [&](const TokenScore &token) {
      streamOf[size_t(token.sequence)]->accept(token.score.likeliest);
    });
  else
    session.run(feeds, advance);
  lastTimes.prefillSeconds = secondsSince(start);

  start = Clock::now();
  while (options.maxTokens > 0) {
    std::vector<Stream *> running;
    feeds.clear();
    for (const std::unique_ptr<Stream> &stream : streams)
      if (!stream->isFinished()) {
        running.push_back(stream.get());
        feeds.push_back({stream->id(), stream->lastToken(), 0});
      }
    if (feeds.empty())
      break;
    // Feeds view the streams' ids, which grow only after the first step has read them.
    if (isGreedy) {
      decodeGreedily(running, feeds);
    } else {
      session.run(feeds, advance);
      lastTimes.decodeTokens += int64_t(feeds.size());
      ++lastTimes.decodeSteps;
    }
  }
  lastTimes.decodeSeconds = secondsSince(start);

  std::vector<GeneratedText> results;
  for (const std::unique_ptr<Stream> &stream : streams)
    results.push_back(stream->take());
  return results;
}
