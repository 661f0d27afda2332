//===- Compare.cpp - qrun compare -----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/CompareModels.h"
#include "runtime/eval/EvaluationText.h"
#include "runtime/eval/SessionLogits.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "tools/qrun/CompareReport.h"
#include "tools/qrun/EvalReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <unistd.h>

using namespace qopt;

namespace {

struct CompareOptions {
  std::vector<std::string> artifacts;
  std::string textFile;
  int64_t ctx = 512;
  int64_t windows = 0; ///< 0: all of the text.
  ModelOptions model;
  bool json = false;
};

/// A model that is compared: the artifact, its session, and the session's logits.
struct Contender {
  Contender(const std::string &path, const CompareOptions &options)
      : model(path, options.model, TokenizerUse::Needed),
        session(model.plan(), model.device(), {options.ctx, options.model.chunk, 1}),
        logits(session) {}

  Model model;
  Session session;
  SessionLogits logits;
};

} // namespace

/// The models must predict the same tokens of the same text.
static void checkComparable(const Contender &base, const Contender &other) {
  const int64_t baseVocab = base.model.plan().config.vocabSize;
  const int64_t vocab = other.model.plan().config.vocabSize;
  if (vocab != baseVocab)
    fail("{} predicts {} tokens and {} {}: only models of one vocabulary can be compared",
         other.model.artifact().directory(), vocab, base.model.artifact().directory(), baseVocab);
}

static EvaluationText prepareWindows(const CompareOptions &options, const Model &model) {
  if (options.ctx > model.plan().config.maxPosition)
    fail("--ctx {} is beyond the {} tokens of context of {}", options.ctx,
         model.plan().config.maxPosition, model.artifact().directory());
  const MappedFile file(options.textFile);
  const std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                              file.bytes().size());
  EvaluationText prepared =
      prepareText(Convention::LlamaCpp, text, options.textFile, model.tokenizer(), options.ctx);
  if (options.windows > 0 && size_t(options.windows) < prepared.windows.size())
    prepared.windows.resize(size_t(options.windows));
  return prepared;
}

static void runCompare(const CompareOptions &options) {
  std::vector<std::unique_ptr<Contender>> contenders;
  for (const std::string &path : options.artifacts) {
    contenders.push_back(std::make_unique<Contender>(path, options));
    checkComparable(*contenders.front(), *contenders.back());
  }
  const EvaluationText text = prepareWindows(options, contenders.front()->model);
  std::vector<LogitsSource *> models;
  for (size_t i = 1; i < contenders.size(); ++i)
    models.push_back(&contenders[i]->logits);

  const bool isTerminal = isatty(STDERR_FILENO) != 0;
  const std::vector<DivergenceResult> results =
      compareModels(contenders.front()->logits, models, text.windows,
                    size_t(contenders.front()->model.plan().config.vocabSize), [&](size_t done) {
                      if (isTerminal)
                        fmt::print(stderr, "\r{} of {} windows\033[K{}", done, text.windows.size(),
                                   done == text.windows.size() ? "\r\033[K" : "");
                    });

  CompareReport report;
  report.convention = describeConvention(text.convention, text.ctx, text.bos);
  report.windows = int64_t(text.windows.size());
  for (size_t i = 0; i < contenders.size(); ++i) {
    const Model &model = contenders[i]->model;
    ComparedModel row{options.artifacts[i], model.plan().recipe, storedWeightBytes(model), {}};
    if (i > 0)
      row.divergence = results[i - 1];
    report.models.push_back(std::move(row));
  }
  if (options.json)
    std::printf("%s\n", toJson(report).dump(2).c_str());
  else
    std::fputs(toText(report).c_str(), stdout);
}

void qopt::addCompareCommand(CLI::App &app) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App *command = app.add_subcommand(
      "compare", "Measure how far models are from the first one, over the same tokens");
  command->add_option("artifacts", options->artifacts, "The base and what to compare: X.qmod ...")
      ->required()
      ->expected(2, 64);
  command->add_option("--text", options->textFile, "Text file to compare on")->required();
  command->add_option("-c,--ctx", options->ctx, "Tokens of a window")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--windows", options->windows, "Windows of the text to use (default: all)")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "Print JSON");
  options->model.addTo(*command);
  command->footer("Example: qrun compare base.qmod w8.qmod --text heldout.txt\n"
                  "Windows and scored tokens are those of llama.cpp's --kl-divergence.");
  command->callback([options] { runCompare(*options); });
}
