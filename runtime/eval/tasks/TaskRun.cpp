//===- TaskRun.cpp - a model answers a task's questions -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TaskRun.h"
#include "runtime/eval/tasks/RequestEncoding.h"
#include "runtime/formats/Error.h"
#include "runtime/sampling/Generator.h"
#include <algorithm>
#include <chrono>
#include <future>

using namespace qopt;

static std::vector<EncodedRequest> encodeQuestion(const TaskDescription &task,
                                                  const Question &question,
                                                  const Tokenizer &tokenizer, int64_t context) {
  std::vector<EncodedRequest> requests;
  if (task.kind == TaskKind::Generate)
    requests.push_back(encodePrompt(tokenizer, question.contexts[0], context, task.maxTokens));
  for (size_t i = 0; i < question.continuations.size(); ++i)
    requests.push_back(
        encodeRequest(tokenizer, question.context(i), question.continuations[i], context));
  return requests;
}

PreparedTask qopt::prepareTask(TaskDescription description, std::vector<Question> questions,
                               const Tokenizer &tokenizer, int64_t contextTokens,
                               unsigned threads) {
  PreparedTask task{std::move(description), std::move(questions), {}, {0}, 0, 0};
  std::vector<std::vector<EncodedRequest>> encoded(task.questions.size());
  auto encodeEvery = [&](size_t first) {
    for (size_t i = first; i < encoded.size(); i += threads)
      try {
        encoded[i] = encodeQuestion(task.description, task.questions[i], tokenizer, contextTokens);
      } catch (const Error &error) {
        fail("task {}, question {}: {}", task.description.name, i + 1, error.what());
      }
  };
  std::vector<std::future<void>> workers;
  for (unsigned i = 0; i < threads; ++i)
    workers.push_back(std::async(std::launch::async, encodeEvery, i));
  for (std::future<void> &worker : workers)
    worker.get();

  const bool generates = task.description.kind == TaskKind::Generate;
  for (std::vector<EncodedRequest> &requests : encoded) {
    task.truncated += std::ranges::any_of(requests, &EncodedRequest::truncated);
    for (EncodedRequest &request : requests) {
      const int64_t fed = int64_t(request.window.tokens.size()) - (generates ? 0 : 1);
      task.longest = std::max(task.longest, fed);
      task.windows.push_back(std::move(request.window));
    }
    task.firstWindow.push_back(task.windows.size());
  }
  if (generates)
    task.longest = std::min(contextTokens, task.longest + task.description.maxTokens);
  return task;
}

namespace {

/// One run, as its outcomes come in.
class Run {
public:
  Run(const PreparedTask &task, Session &session, const Tokenizer &tokenizer,
      const TaskRunOptions &options, const std::function<void(size_t)> &progress)
      : task(task), session(session), tokenizer(tokenizer), options(options), progress(progress) {
    result.outcomes.resize(task.questions.size());
  }

  TaskRunResult run();

private:
  std::vector<size_t> restore();
  void score(std::span<const size_t> questions);
  void generate(std::span<const size_t> questions);
  std::span<const int32_t> commonPrefix(std::span<const size_t> questions) const;
  void finish(size_t question);
  std::span<const Window> windowsOf(size_t question) const {
    const size_t first = task.firstWindow[question];
    return std::span(task.windows).subspan(first, task.firstWindow[question + 1] - first);
  }

  const PreparedTask &task;
  Session &session;
  const Tokenizer &tokenizer;
  const TaskRunOptions &options;
  const std::function<void(size_t)> &progress;
  TaskRunResult result;
  size_t done = 0;
};

} // namespace

/// Takes over what the log has; returns the other questions.
std::vector<size_t> Run::restore() {
  std::map<size_t, Outcome> known;
  if (options.log)
    known = options.log->known(options.run);
  std::vector<size_t> open;
  for (size_t i = 0; i < task.questions.size(); ++i) {
    // An outcome with another number of likelihoods is none of ours.
    const size_t scored = task.description.kind == TaskKind::Generate ? 0 : windowsOf(i).size();
    const auto outcome = known.find(i);
    if (outcome == known.end() || outcome->second.logProbabilities.size() != scored)
      open.push_back(i);
    else
      result.outcomes[i] = std::move(outcome->second);
  }
  done = task.questions.size() - open.size();
  result.restored = int64_t(done);
  return open;
}

void Run::finish(size_t question) {
  if (options.log)
    options.log->append(options.run, task.description.name, question, result.outcomes[question]);
  progress(++done);
}

void Run::score(std::span<const size_t> questions) {
  std::vector<Window> windows;
  std::vector<std::pair<size_t, size_t>> owner; // Question and choice of each window.
  std::vector<size_t> missing(task.questions.size());
  for (size_t question : questions) {
    const std::span<const Window> own = windowsOf(question);
    for (size_t i = 0; i < own.size(); ++i) {
      windows.push_back(own[i]);
      owner.emplace_back(question, i);
    }
    missing[question] = own.size();
    result.outcomes[question].logProbabilities.resize(own.size());
  }
  ContinuationScorer scorer(session, options.maxSequences, options.stepRows);
  scorer.score(windows, options.share, [&](size_t window, const Likelihood &likelihood) {
    const auto [question, choice] = owner[window];
    Outcome &outcome = result.outcomes[question];
    outcome.logProbabilities[choice] = likelihood.logProbability;
    if (choice == 0) {
      outcome.isGreedy = likelihood.isGreedy;
      outcome.text = tokenizer.decode(std::span(&likelihood.firstChoice, 1));
    }
    if (--missing[question] == 0)
      finish(question);
  });
  result.tokensEvaluated = scorer.tokensEvaluated();
  result.tokensUnshared = PrefixTree(windows, false).numTokens();
}

/// Tokens that all prompts begin with; at least one of each is left.
std::span<const int32_t> Run::commonPrefix(std::span<const size_t> questions) const {
  if (!options.share || questions.size() < 2)
    return {};
  std::span<const int32_t> common = windowsOf(questions[0])[0].tokens;
  for (size_t question : questions) {
    const std::span<const int32_t> prompt = windowsOf(question)[0].tokens;
    common = common.first(std::min(common.size(), prompt.size() - 1));
    common = common.first(size_t(std::ranges::mismatch(common, prompt).in1 - common.begin()));
  }
  return common.size() < size_t(PrefixTree::leastShared) ? common.first(0) : common;
}

/// Prompts of like length together, after the examples that all of them begin with.
void Run::generate(std::span<const size_t> questions) {
  std::vector<size_t> order(questions.begin(), questions.end());
  std::ranges::sort(order, {}, [&](size_t question) {
    return std::pair(-int64_t(windowsOf(question)[0].tokens.size()), question);
  });
  Generator generator(session, tokenizer,
                      {task.description.maxTokens, {}, task.description.stop, options.endTokens});
  const std::span<const int32_t> common = commonPrefix(questions);
  std::optional<SharedPrefix> prefix;
  if (!common.empty()) {
    prefix = {session.addSequence(), common.size()};
    const Feed feed{prefix->sequence, common, common.size()};
    session.run(std::span(&feed, 1), [](const TokenResult &) {});
    result.tokensEvaluated += int64_t(common.size());
  }
  const size_t atOnce = size_t(options.maxSequences) - size_t(prefix.has_value());
  for (std::span<const size_t> rest = order; !rest.empty();) {
    const auto batch = rest.first(std::min(rest.size(), atOnce));
    rest = rest.subspan(batch.size());
    std::vector<std::vector<int32_t>> prompts;
    for (size_t question : batch)
      prompts.push_back(windowsOf(question)[0].tokens);
    std::vector<GeneratedText> texts = generator.run(prompts, Generator::TextCallback(), prefix);
    for (size_t i = 0; i < batch.size(); ++i) {
      result.outcomes[batch[i]].text = std::move(texts[i].text);
      finish(batch[i]);
    }
    const int64_t tokens = generator.times().prefillTokens + generator.times().decodeTokens;
    result.tokensEvaluated += tokens;
    result.tokensUnshared += tokens + int64_t(common.size() * batch.size());
  }
  if (prefix)
    session.removeSequence(prefix->sequence);
}

TaskRunResult Run::run() {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<size_t> open = restore();
  if (task.description.kind == TaskKind::Generate)
    generate(open);
  else
    score(open);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return std::move(result);
}

TaskRunResult qopt::runTask(const PreparedTask &task, Session &session, const Tokenizer &tokenizer,
                            const TaskRunOptions &options,
                            const std::function<void(size_t)> &progress) {
  return Run(task, session, tokenizer, options, progress).run();
}
