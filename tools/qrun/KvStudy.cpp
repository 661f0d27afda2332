//===- KvStudy.cpp - qrun kv-study ----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/CompareModels.h"
#include "runtime/eval/EvaluationText.h"
#include "runtime/eval/SessionLogits.h"
#include "runtime/formats/Error.h"
#include "tools/qrun/CacheMode.h"
#include "tools/qrun/CountProgress.h"
#include "tools/qrun/KvStudyReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/OutputFile.h"
#include "tools/qrun/PositiveNumber.h"
#include "tools/qrun/RunTool.h"
#include "tools/qrun/ScratchFolder.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace qopt;

namespace {

struct KvStudyOptions {
  std::string model;
  std::vector<CacheMode> modes;
  std::string lengths = "128:512:64";
  std::string textFile;
  std::string htmlFile;
  int64_t windows = 8;
  int64_t calibrationTokens = 4096;
  ModelOptions runtime;
  bool json = false;
};

} // namespace

/// Compiles the model with each mode; the first is that without compression.
static std::vector<std::unique_ptr<Model>> compileModes(const KvStudyOptions &options,
                                                        std::span<const CacheMode> modes,
                                                        const ScratchFolder &folder) {
  std::string profile;
  std::vector<std::unique_ptr<Model>> models;
  CountProgress progress("compiling", "modes", modes.size() + 1);
  auto compile = [&](const std::vector<std::string> &rule) {
    const std::string artifact = folder.file(std::to_string(models.size()) + ".qmod");
    compileModel(options.model, rule, hostPipeline(options.runtime.cpuLevel), artifact);
    models.push_back(std::make_unique<Model>(artifact, options.runtime, TokenizerUse::Needed));
    progress.show(models.size());
  };
  compile({});
  for (const CacheMode &mode : modes) {
    if (mode.needsProfile && profile.empty()) {
      profile = folder.file("profile");
      calibrateModel(options.model, options.textFile, options.calibrationTokens, folder.file(""),
                     profile);
    }
    compile({"--compress-kv=" + mode.rule + (mode.needsProfile ? " profile=" + profile : "")});
  }
  return models;
}

static CacheBytes cacheBytes(const Model &model) {
  CacheBytes bytes;
  for (const PlanCache &cache : model.device().target().caches) {
    bytes.perToken += double(cache.kvHeads * (cache.key.blockBytes + cache.value.blockBytes)) /
                      double(model.plan().pageTokens);
    bytes.window += cache.kvHeads * (cache.key.windowBytes + cache.value.windowBytes);
  }
  return bytes;
}

/// Every mode against the unquantized cache, on windows of one length.
static void measureLength(const KvStudyOptions &options, std::string_view contents, int64_t length,
                          std::span<const std::unique_ptr<Model>> models, KvStudyReport &report) {
  EvaluationText text = prepareText(Convention::LlamaCpp, contents, options.textFile,
                                    models.front()->tokenizer(), length);
  if (size_t(options.windows) < text.windows.size())
    text.windows.resize(size_t(options.windows));
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<std::unique_ptr<SessionLogits>> logits;
  std::vector<LogitsSource *> sources;
  for (const std::unique_ptr<Model> &model : models) {
    sessions.push_back(std::make_unique<Session>(
        model->plan(), model->device(), SessionOptions{length, options.runtime.chunk, 1, nullptr}));
    logits.push_back(std::make_unique<SessionLogits>(*sessions.back()));
    sources.push_back(logits.back().get());
  }
  ModelBase base(*sources.front());
  CountProgress progress(fmt::format("{} tokens", length), "windows", text.windows.size());
  const Comparison comparison = compareModels(base, std::span(sources).subspan(1), text.windows,
                                              size_t(models.front()->plan().config.vocabSize),
                                              [&](size_t done) { progress.show(done); });
  report.basePerplexity.push_back(comparison.basePerplexity);
  for (size_t i = 0; i < report.modes.size(); ++i)
    report.modes[i].results.push_back(comparison.models[i]);
}

static void runKvStudy(const KvStudyOptions &options) {
  const std::vector<CacheMode> &modes = options.modes;
  KvStudyReport report{options.model, options.textFile, parseLengths(options.lengths), {}, 0, {}};
  const MappedFile file(options.textFile);
  const std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                              file.bytes().size());
  OutputFile page(options.htmlFile);
  const ScratchFolder folder("kv-study");
  const std::vector<std::unique_ptr<Model>> models = compileModes(options, modes, folder);
  report.baseBytesPerToken = cacheBytes(*models.front()).perToken;
  for (size_t i = 0; i < modes.size(); ++i)
    report.modes.push_back({modes[i].name, modes[i].rule, cacheBytes(*models[i + 1]), {}});
  for (int64_t length : report.lengths)
    measureLength(options, text, length, models, report);
  if (page)
    page.write(toHtml(report));
  if (options.json)
    std::printf("%s\n", toJson(report).dump(2).c_str());
  else
    std::fputs(toText(report).c_str(), stdout);
}

void qopt::addKvStudyCommand(CLI::App &app) {
  auto options = std::make_shared<KvStudyOptions>();
  CLI::App *command = app.add_subcommand(
      "kv-study", "Measure what compressed KV caches cost, by mode and by length");
  command->add_option("model", options->model, "What qopt takes: a checkpoint or IR")->required();
  addCacheModes(*command, "--modes", "Modes to measure", options->modes,
                "f16,int8,int4-asymmetric-g32,turboquant4,turboquant3,turboquant2");
  command->add_option("--lengths,--length", options->lengths, "Tokens of a window: FIRST:LAST:STEP")
      ->capture_default_str();
  command->add_option("--text", options->textFile, "Text file to measure on")->required();
  command->add_option("--windows", options->windows, "Windows of each length")
      ->check(positiveNumber)
      ->capture_default_str();
  command
      ->add_option("--calibration-tokens", options->calibrationTokens,
                   "Tokens of the text for modes that need a profile")
      ->capture_default_str();
  command->add_option("--html", options->htmlFile, "Write a page with plots here");
  command->add_flag("--json", options->json, "Print JSON");
  options->runtime.addTo(*command);
  command->footer("Example: qrun kv-study models/tiny-llama --modes int8,int4 --text heldout.txt\n"
                  "It compiles the model once a mode, with the qopt beside qrun, or on the PATH.");
  command->callback([options] { runKvStudy(*options); });
}
