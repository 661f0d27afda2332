//===- SessionBench.cpp - a session timed on random tokens ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/SessionBench.h"
#include "runtime/formats/Error.h"
#include "tools/qrun/CopyBandwidth.h"
#include "tools/qrun/ReadBandwidth.h"
#include <chrono>
#include <random>
#include <set>

using namespace qopt;

/// The weights that the launches of a function read; of a table only some rows are gathered.
static uint64_t weightBytes(const Artifact &artifact, const PlanFunction &function) {
  std::set<size_t> read;
  for (const PlanLaunch &launch : function.launches)
    for (const PlanArgument &argument : launch.arguments)
      if (auto *weight = std::get_if<WeightArgument>(&argument);
          weight && launch.op != "kernel.gather")
        read.insert(weight->weight);
  uint64_t bytes = 0;
  for (size_t index : read)
    bytes += artifact.weight(index).bytes.size();
  return bytes;
}

uint64_t qopt::weightBytesPerToken(const Artifact &artifact, const PlanTarget &target) {
  return weightBytes(artifact, target.decode) + weightBytes(artifact, target.decodeHead);
}

double qopt::measureBandwidth(const Model &model, uint64_t bytes) {
  if (model.isOnCpu())
    return ReadBandwidth(bytes, model.threads()).measure();
  return measureCopyBandwidth(model.device(), bytes);
}

/// Operations of matrix products for `tokens` in `steps`, each of which ends in one row of logits.
static double matrixFlops(const ModelConfig &config, double tokens, double steps) {
  const double body = double(config.numLayers) * double(layerMatrixParameters(config));
  const double head = double(config.vocabSize) * double(config.hiddenSize);
  return 2 * (tokens * body + steps * head);
}

static SessionOptions sessionOptions(const Model &model, const SessionBenchOptions &options,
                                     int64_t chunk) {
  int64_t most = model.plan().config.maxPosition;
  int64_t needed = options.depth + std::max(options.promptTokens, options.decodeTokens);
  if (needed > most)
    fail("{}: tests of {} tokens at depth {} need a context of {}; the model has {} "
         "(--max-context allows more)",
         model.artifact().directory(), needed - options.depth, options.depth, needed, most);
  return {needed, chunk, options.batch};
}

SessionBench::SessionBench(const Model &model, const SessionBenchOptions &options, int64_t chunk)
    : options(options), target(model.device().target()), artifact(model.artifact()),
      config(model.plan().config),
      session(model.plan(), model.device(), sessionOptions(model, options, chunk)) {
  std::mt19937 random(1);
  int64_t longest = std::max({options.promptTokens, options.depth, int64_t(1)});
  for (int64_t i = 0; i < longest * options.batch; ++i)
    tokens.push_back(int32_t(random() % uint64_t(model.plan().config.vocabSize)));
  for (int64_t i = 0; i < options.batch; ++i)
    sequences.push_back(session.addSequence());
  if (options.depth > 0 && options.hasRandomCache)
    for (SequenceId sequence : sequences)
      session.extendAtRandom(sequence, options.depth);
  else if (options.depth > 0)
    runStep(options.depth);
}

/// Appends random tokens to every sequence and computes the last's logits, as generation does.
void SessionBench::runStep(int64_t tokensPerSequence) {
  std::vector<Feed> feeds;
  std::span<const int32_t> rest = tokens;
  for (SequenceId sequence : sequences) {
    feeds.push_back(
        {sequence, rest.first(size_t(tokensPerSequence)), size_t(tokensPerSequence - 1)});
    rest = rest.subspan(size_t(tokensPerSequence));
  }
  session.run(feeds, [](const TokenResult &) {});
}

void SessionBench::decodeGreedily(int64_t count) {
  std::vector<Feed> feeds;
  for (size_t i = 0; i < sequences.size(); ++i)
    feeds.push_back({sequences[i], std::span(tokens).subspan(i, 1), 0});
  session.decodeGreedily(feeds, count, [](std::span<const int32_t>) { return true; });
}

double SessionBench::runOnce(int64_t count, int64_t tokensPerStep) {
  auto start = std::chrono::steady_clock::now();
  if (tokensPerStep == 1 && session.canDecodeGreedily(sequences.size()))
    decodeGreedily(count);
  else
    for (int64_t done = 0; done < count; done += tokensPerStep)
      runStep(tokensPerStep);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (SequenceId sequence : sequences)
    session.truncate(sequence, options.depth);
  return seconds;
}

BenchResult SessionBench::measure(const char *kind, int64_t count, int64_t tokensPerStep) {
  BenchResult result;
  result.name = fmt::format("{}{}", kind, count);
  if (options.depth > 0)
    result.name += fmt::format(" @ d{}", options.depth);
  if (options.batch > 1)
    result.name += fmt::format(" x {}", options.batch);
  result.tokens = count;
  result.batch = options.batch;
  result.depth = options.depth;

  runOnce(std::min<int64_t>(count, tokensPerStep * 4), tokensPerStep); // Warms up.
  for (int64_t i = 0; i < options.repetitions; ++i)
    result.seconds.push_back(runOnce(count, tokensPerStep));

  const double steps = double(count) / double(tokensPerStep);
  result.flops = double(options.batch) * matrixFlops(config, double(count), steps);
  if (tokensPerStep == 1)
    result.weightBytes = steps * double(weightBytesPerToken(artifact, target));
  return result;
}
