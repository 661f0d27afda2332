//===- Bench.cpp - qrun bench ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/BenchReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/PeakMemory.h"
#include "tools/qrun/ReadBandwidth.h"
#include "tools/qrun/SessionBench.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace qopt;

namespace {

struct BenchOptions {
  std::vector<std::string> artifacts;
  ModelOptions model;
  SessionBenchOptions tests;
  bool json = false;
};

} // namespace

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
  SessionBench bench(model, options.tests, options.model.chunk);
  if (options.tests.promptTokens > 0)
    report.results.push_back(bench.prefill());
  if (options.tests.decodeTokens > 0)
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
  command
      ->add_option("-p,--prompt", options->tests.promptTokens,
                   "Tokens of the prefill test; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command
      ->add_option("-n,--tokens", options->tests.decodeTokens, "Tokens of the decode test; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_option("-r,--repetitions", options->tests.repetitions, "Runs of each test")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  command->add_option("-b,--batch", options->tests.batch, "Sequences at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command->add_option("-d,--depth", options->tests.depth, "Tokens in the cache before each test")
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_flag("--json", options->json, "Print a list with an object for each artifact");
  options->model.addTo(*command);
  command->footer("Example: qrun bench tiny.qmod -p 512 -n 128 -r 5");
  command->callback([options] { runBench(*options); });
}
