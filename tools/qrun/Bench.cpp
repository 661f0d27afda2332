//===- Bench.cpp - qrun bench ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "tools/qrun/BenchReport.h"
#include "tools/qrun/BenchTable.h"
#include "tools/qrun/KernelBench.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/OtherProgram.h"
#include "tools/qrun/OutputFile.h"
#include "tools/qrun/PeakMemory.h"
#include "tools/qrun/SessionBench.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/ranges.h>
#include <ranges>

using namespace qopt;

namespace {

struct BenchOptions {
  std::vector<std::string> artifacts;
  ModelOptions model;
  SessionBenchOptions tests; ///< Without batch and depth.
  std::vector<int64_t> batches = {1};
  std::vector<int64_t> depths = {0};
  bool kernels = false;
  std::string otherProgram; ///< Run after each repetition.
  std::string output = "text";
  bool json = false;
  std::string jsonFile;
};

} // namespace

/// Every test, each repeated so often.
static std::vector<BenchResult> runTests(const Model &model, const BenchOptions &options,
                                         int64_t repetitions) {
  std::vector<BenchResult> results;
  for (int64_t depth : options.depths)
    for (int64_t batch : options.batches) {
      SessionBenchOptions tests = options.tests;
      tests.depth = depth;
      tests.batch = batch;
      tests.repetitions = repetitions;
      SessionBench bench(model, tests, options.model.chunk);
      if (tests.promptTokens > 0)
        results.push_back(bench.prefill());
      if (tests.decodeTokens > 0)
        results.push_back(bench.decode());
    }
  return results;
}

/// Every test once and then the other program, in turns: what slows the machine down meanwhile
/// slows both. Throws an Error if the other program has no test of these names.
static std::vector<BenchResult> alternateTests(const Model &model, const BenchOptions &options) {
  std::vector<BenchResult> results;
  for (int64_t i = 0; i < options.tests.repetitions; ++i) {
    std::vector<BenchResult> round = runTests(model, options, 1);
    if (results.empty())
      results = round;
    else
      for (size_t test = 0; test < round.size(); ++test)
        results[test].seconds.push_back(round[test].seconds.front());
    const ProgramRates others = runOtherProgram(options.otherProgram);
    bool isMatched = false;
    for (BenchResult &result : results)
      if (auto other = others.find(result.name); other != others.end()) {
        result.otherRates.push_back(other->second);
        isMatched = true;
      }
    if (!isMatched)
      fail("--vs: '{}' reports {}, and this runs {}: give both the same -p, -n and -d",
           options.otherProgram, fmt::join(std::views::keys(others), ", "),
           fmt::join(results | std::views::transform(&BenchResult::name), ", "));
  }
  return results;
}

static BenchReport benchArtifact(const std::string &path, const BenchOptions &options) {
  Model model(path, options.model, TokenizerUse::None);
  BenchReport report{path,
                     model.device().describe(),
                     model.threads(),
                     model.loadMilliseconds(),
                     model.artifact().generationSeconds(),
                     weightBytesPerToken(model.artifact(), model.device().target()),
                     model.artifact().weightBytes()};
  report.bandwidthKind = model.isOnCpu() ? "read" : "copy";
  report.bandwidth = measureBandwidth(model, report.weightBytesPerToken);
  resetPeakMemory();
  report.results = options.otherProgram.empty()
                       ? runTests(model, options, options.tests.repetitions)
                       : alternateTests(model, options);
  if (options.kernels)
    report.kernels = benchKernels(model.artifact(), model.device(),
                                  {options.tests.promptTokens, options.depths.back()});
  report.peakMemoryBytes = peakMemoryBytes();
  // On a shared machine, the better of before and after is what the memory can do.
  double after = measureBandwidth(model, report.weightBytesPerToken);
  report.bandwidth = std::max(report.bandwidth, after);
  return report;
}

static void runBench(const BenchOptions &options) {
  const std::string output = options.json ? "json" : options.output;
  OutputFile file(options.jsonFile);
  Json json = Json::array();
  if (output == "md" || output == "csv")
    std::fputs(output == "md" ? markdownHeader() : csvHeader(), stdout);
  for (const std::string &path : options.artifacts) {
    BenchReport report = benchArtifact(path, options);
    json.push_back(toJson(report));
    if (output != "json")
      std::fputs((output == "md"    ? markdownRows(report)
                  : output == "csv" ? csvRows(report)
                                    : toText(report))
                     .c_str(),
                 stdout);
    std::fflush(stdout);
  }
  if (output == "json")
    std::printf("%s\n", json.dump(2).c_str());
  if (file)
    file.write(json.dump(2) + "\n");
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
      ->take_last()
      ->check(CLI::Range(1, 1000));
  command
      ->add_option("-b,--batch", options->batches,
                   "Sequences at a time; several numbers, separated by commas, one by one")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("-d,--depth", options->depths,
                   "Tokens in the cache before each test; several likewise")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->check(CLI::Range(0, int(maxStepRows)));
  command->add_flag("--random-cache", options->tests.hasRandomCache,
                    "Fill the cache to the depth with random numbers, not by prefill");
  command->add_flag("--kernels", options->kernels,
                    "Measure each kernel by itself, too, at the last depth");
  command->add_option("--vs", options->otherProgram,
                      "A command that prints the JSON of `llama-bench -o json` or `qrun bench "
                      "--json`, run after each repetition: the ratios are of pairs");
  command->add_option("-o,--output", options->output, "text, md (as llama-bench), csv or json")
      ->capture_default_str()
      ->check(CLI::IsMember({"text", "md", "csv", "json"}));
  command->add_flag("--json", options->json, "Print a list with an object for each artifact");
  command->add_option("--json-file", options->jsonFile, "Write the same list to this file");
  options->model.addTo(*command);
  command->footer("Example: qrun bench tiny.qmod -p 512 -n 128 -r 5 --vs 'llama-bench -m tiny.gguf "
                  "-p 512 -n 128 -r 1 -o json'");
  command->callback([options] { runBench(*options); });
}
