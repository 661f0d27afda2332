//===- Generate.cpp - qrun generate ---------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/sampling/Generator.h"
#include "tools/qrun/GenerateReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace qopt;

namespace {

struct GenerateOptions {
  std::string artifact;
  std::vector<std::string> prompts;
  std::vector<std::string> promptFiles;
  ModelOptions model;
  GenerationOptions generation;
  int64_t context = 0;
  bool ignoreEndTokens = false;
  bool json = false;
};

} // namespace

static std::vector<std::string> readPrompts(const GenerateOptions &options) {
  std::vector<std::string> prompts = options.prompts;
  for (const std::string &path : options.promptFiles) {
    MappedFile file(path);
    prompts.emplace_back(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  }
  if (prompts.empty())
    fail("no prompt: give --prompt TEXT or --prompt-file FILE");
  return prompts;
}

/// Text as it comes; the reader of a pipe is to see it at once.
static void printPart(size_t, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

static void runGenerate(GenerateOptions &options) {
  checkSamplingOptions(options.generation.sampling);
  std::vector<std::string> prompts = readPrompts(options);
  Model model(options.artifact, options.model, TokenizerUse::Needed);
  GenerateReport report;
  for (const std::string &prompt : prompts)
    report.prompts.push_back(model.encodePrompt(prompt));
  if (!options.ignoreEndTokens)
    options.generation.endTokens = model.endTokens();

  Session session(model.plan(), model.device(),
                  {options.context, options.model.chunk, int64_t(prompts.size())});
  Generator generator(session, model.tokenizer(), options.generation);
  bool streams = !options.json && prompts.size() == 1;
  report.texts = generator.run(report.prompts, streams ? printPart : Generator::TextCallback());
  report.times = generator.times();
  report.loadMilliseconds = model.loadMilliseconds();
  report.context = session.context();

  if (options.json)
    return printJson(report);
  if (streams)
    std::fputs("\n", stdout);
  else
    printTexts(report);
  printSummary(report, model.device().describe());
}

void qopt::addGenerateCommand(CLI::App &app) {
  auto options = std::make_shared<GenerateOptions>();
  SamplingOptions &sampling = options->generation.sampling;
  CLI::App *command = app.add_subcommand("generate", "Continue prompts");
  command->add_option("artifact", options->artifact, "The artifact: X.qmod")->required();
  command
      ->add_option("-p,--prompt", options->prompts,
                   "Text to continue; repeat it for a batch, with those of --prompt-file behind")
      ->allow_extra_args(false);
  command->add_option("-f,--prompt-file", options->promptFiles, "File whose contents are a prompt")
      ->allow_extra_args(false);
  command->add_option("-n,--tokens", options->generation.maxTokens, "Tokens to generate at most")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 30));
  command->add_option("--temperature", sampling.temperature, "0 takes the likeliest token")
      ->capture_default_str();
  command->add_option("--top-k", sampling.topK, "Draw from the k likeliest tokens; 0: all")
      ->capture_default_str();
  command->add_option("--top-p", sampling.topP, "Draw from the likeliest of this probability")
      ->capture_default_str();
  command
      ->add_option("--min-p", sampling.minP,
                   "Draw from tokens at least this times as likely as the likeliest")
      ->capture_default_str();
  command
      ->add_option("--repetition-penalty", sampling.repetitionPenalty,
                   "Makes tokens less likely that occurred before; 1: none")
      ->capture_default_str();
  command->add_option("--seed", sampling.seed, "The same seed draws the same tokens")
      ->capture_default_str();
  command
      ->add_option("--stop", options->generation.stopStrings,
                   "End before this text; can be repeated")
      ->allow_extra_args(false);
  command->add_flag("--ignore-eos", options->ignoreEndTokens, "Go on after end-of-text tokens");
  command->add_option("-c,--ctx", options->context, "Tokens of context (default: the model's)")
      ->check(CLI::Range(1, 1 << 30));
  command->add_flag("--json", options->json, "Print one JSON object when all is done");
  options->model.addTo(*command);
  command->footer("Example: qrun generate tiny.qmod --prompt \"Once upon a time\" -n 100");
  command->callback([options] { runGenerate(*options); });
}
