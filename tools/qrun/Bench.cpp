//===- Bench.cpp - qrun bench ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/session/Session.h"
#include "tools/qrun/BenchReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/PeakMemory.h"
#include "tools/qrun/ReadBandwidth.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <random>
#include <set>

using namespace qopt;

namespace {

struct BenchOptions {
  std::vector<std::string> artifacts;
  ModelOptions model;
  int64_t promptTokens = 512;
  int64_t decodeTokens = 128;
  int64_t repetitions = 5;
  int64_t batch = 1;
  int64_t depth = 0;
  bool json = false;
};

/// What running weights costs, counted from the plan.
struct WeightCost {
  uint64_t bytes = 0; ///< Read for each step, whatever its rows.
  double flops = 0;   ///< For each row.
};

/// Times a session on random tokens: what the model computes does not depend on them.
class Bench {
public:
  Bench(const Model &model, const BenchOptions &options);

  BenchResult prefill() { return measure("pp", options.promptTokens, options.promptTokens); }
  BenchResult decode() { return measure("tg", options.decodeTokens, 1); }

private:
  BenchResult measure(const char *kind, int64_t tokens, int64_t tokensPerStep);
  double runOnce(int64_t tokens, int64_t tokensPerStep);
  void runStep(int64_t tokensPerSequence);

  const BenchOptions &options;
  const PlanTarget &target;
  const Artifact &artifact;
  Session session;
  std::vector<SequenceId> sequences;
  std::vector<int32_t> tokens; ///< Random ones, as many as one step can need.
};

} // namespace

/// The weights that the matrix products (and norms) of a function read; of a table only some rows
/// are gathered.
static WeightCost weightCost(const Artifact &artifact, const PlanFunction &function) {
  std::set<size_t> matrices, all;
  for (const PlanLaunch &launch : function.launches)
    for (const PlanArgument &argument : launch.arguments)
      if (auto *weight = std::get_if<WeightArgument>(&argument);
          weight && launch.op != "kernel.gather") {
        all.insert(weight->weight);
        if (launch.op == "kernel.matmul")
          matrices.insert(weight->weight);
      }
  WeightCost cost;
  for (size_t index : all)
    cost.bytes += artifact.weight(index).bytes.size();
  for (size_t index : matrices) {
    const WeightView &matrix = artifact.weight(index);
    cost.flops += 2 * double(matrix.bytes.size() / byteSize(matrix.dtype));
  }
  return cost;
}

static uint64_t weightBytesPerToken(const Artifact &artifact, const PlanTarget &target) {
  return weightCost(artifact, target.decode).bytes + weightCost(artifact, target.decodeHead).bytes;
}

static SessionOptions sessionOptions(const Model &model, const BenchOptions &options) {
  int64_t most = model.plan().config.maxPosition;
  int64_t needed = options.depth + std::max(options.promptTokens, options.decodeTokens);
  if (needed > most)
    fail("{}: tests of {} tokens at depth {} need a context of {}; the model has {}",
         model.artifact().directory(), needed - options.depth, options.depth, needed, most);
  return {needed, options.model.chunk, options.batch};
}

Bench::Bench(const Model &model, const BenchOptions &options)
    : options(options), target(model.device().target()), artifact(model.artifact()),
      session(model.plan(), model.device(), sessionOptions(model, options)) {
  std::mt19937 random(1);
  int64_t longest = std::max({options.promptTokens, options.depth, int64_t(1)});
  for (int64_t i = 0; i < longest * options.batch; ++i)
    tokens.push_back(int32_t(random() % uint64_t(model.plan().config.vocabSize)));
}

/// Appends random tokens to every sequence and computes the last's logits, as generation does.
void Bench::runStep(int64_t tokensPerSequence) {
  std::vector<Feed> feeds;
  std::span<const int32_t> rest = tokens;
  for (SequenceId sequence : sequences) {
    feeds.push_back(
        {sequence, rest.first(size_t(tokensPerSequence)), size_t(tokensPerSequence - 1)});
    rest = rest.subspan(size_t(tokensPerSequence));
  }
  session.run(feeds, [](const TokenResult &) {});
}

double Bench::runOnce(int64_t count, int64_t tokensPerStep) {
  for (int64_t i = 0; i < options.batch; ++i)
    sequences.push_back(session.addSequence());
  if (options.depth > 0)
    runStep(options.depth);
  auto start = std::chrono::steady_clock::now();
  for (int64_t done = 0; done < count; done += tokensPerStep)
    runStep(tokensPerStep);
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (SequenceId sequence : sequences)
    session.removeSequence(sequence);
  sequences.clear();
  return seconds;
}

BenchResult Bench::measure(const char *kind, int64_t count, int64_t tokensPerStep) {
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

  WeightCost body = weightCost(artifact, target.prefill);
  WeightCost head = weightCost(artifact, target.prefillHead);
  double steps = double(count / tokensPerStep);
  result.flops = double(options.batch) * (double(count) * body.flops + steps * head.flops);
  if (tokensPerStep == 1)
    result.weightBytes = steps * double(weightBytesPerToken(artifact, target));
  return result;
}

/// Bytes/s, in memory that is free again afterwards.
static double measureReadBandwidth(uint64_t bytes, unsigned threads) {
  return ReadBandwidth(bytes, threads).measure();
}

static BenchReport benchArtifact(const std::string &path, const BenchOptions &options) {
  Model model(path, options.model, TokenizerUse::None);
  BenchReport report{path,
                     model.device().describe(),
                     model.threads(),
                     model.loadMilliseconds(),
                     model.artifact().generationSeconds(),
                     weightBytesPerToken(model.artifact(), model.device().target())};
  report.readBandwidth = measureReadBandwidth(report.weightBytesPerToken, report.threads);
  resetPeakMemory();
  Bench bench(model, options);
  if (options.promptTokens > 0)
    report.results.push_back(bench.prefill());
  if (options.decodeTokens > 0)
    report.results.push_back(bench.decode());
  report.peakMemoryBytes = peakMemoryBytes();
  // On a shared machine, the better of before and after is what the memory can do.
  double after = measureReadBandwidth(report.weightBytesPerToken, report.threads);
  report.readBandwidth = std::max(report.readBandwidth, after);
  return report;
}

static void runBench(const BenchOptions &options) {
  Json json = Json::array();
  for (const std::string &path : options.artifacts) {
    BenchReport report = benchArtifact(path, options);
    if (options.json)
      json.push_back(toJson(report));
    else
      std::fputs(toText(report).c_str(), stdout);
    std::fflush(stdout);
  }
  if (options.json)
    std::printf("%s\n", json.dump(2).c_str());
}

void qopt::addBenchCommand(CLI::App &app) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App *command =
      app.add_subcommand("bench", "Measure tokens per second, without tokenization and sampling");
  command->add_option("artifacts", options->artifacts, "The artifacts: X.qmod ...")->required();
  command->add_option("-p,--prompt", options->promptTokens, "Tokens of the prefill test; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_option("-n,--tokens", options->decodeTokens, "Tokens of the decode test; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_option("-r,--repetitions", options->repetitions, "Runs of each test")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("-b,--batch", options->batch, "Sequences at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("-d,--depth", options->depth, "Tokens in the cache before each test")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_flag("--json", options->json, "Print a list with an object for each artifact");
  options->model.addTo(*command);
  command->footer("Example: qrun bench tiny.qmod -p 512 -n 128 -r 5");
  command->callback([options] { runBench(*options); });
}
