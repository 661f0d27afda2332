//===- Eval.cpp - qrun eval -----------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/SessionLogits.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "tools/qrun/EvalProgress.h"
#include "tools/qrun/EvalReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/PositiveNumber.h"
#include "tools/qrun/Subcommand.h"
#include "tools/qrun/TaskTable.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace qopt;

namespace {

/// llama.cpp's default.
constexpr int64_t defaultCtx = 512;

struct EvalOptions {
  std::string artifact;
  std::string textFile;
  std::vector<std::string> conventions = {"llama.cpp"};
  int64_t ctx = 0;   ///< 0: defaultCtx, or the model's context if that is less.
  int64_t batch = 0; ///< Windows at a time; 0: as many as fill a step.
  std::string logProbabilityFile;
  std::string prompt;
  std::string logitsFile;
  TaskOptions tasks;
  ModelOptions model;
  bool json = false;
};

} // namespace

/// For CLI11: what is wrong with a convention's name, or nothing.
static std::string checkConvention(const std::string &name) {
  try {
    parseConvention(name);
    return "";
  } catch (const Error &error) {
    return error.what();
  }
}

static int64_t chooseCtx(const EvalOptions &options, const Plan &plan) {
  const int64_t limit = plan.config.maxPosition;
  if (options.ctx > limit)
    fail("--ctx {} is beyond the {} tokens of context of {}", options.ctx, limit, options.artifact);
  return options.ctx ? options.ctx : std::min(defaultCtx, limit);
}

/// Cuts the text for every convention, so that what is wrong shows before anything runs.
static std::vector<EvaluationText> prepareTexts(const EvalOptions &options, const Model &model,
                                                std::span<const Convention> conventions,
                                                int64_t ctx) {
  const MappedFile file(options.textFile);
  const std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                              file.bytes().size());
  if (text.empty())
    fail("{}: the file is empty", options.textFile);
  std::vector<EvaluationText> texts;
  for (Convention convention : conventions)
    texts.push_back(prepareText(convention, text, options.textFile, model.tokenizer(), ctx));
  return texts;
}

static Measurement measure(LogitsSource &source, const EvaluationText &text, int64_t batch) {
  EvalProgress progress(describeConvention(text.convention, text.ctx, text.bos));
  int64_t tokensEvaluated = 0;
  const Perplexity perplexity =
      measurePerplexity(source, text, batch, [&](const EvaluationProgress &state) {
        progress.show(state);
        tokensEvaluated = state.tokensEvaluated;
      });
  return {perplexity, progress.seconds(), tokensEvaluated};
}

static void writeLogProbabilities(LogitsSource &source, const EvaluationText &text,
                                  const std::string &path) {
  const Window &window = text.windows.front();
  const Json json = {{"convention", toString(text.convention)},
                     {"ctx", text.ctx},
                     {"ids", window.tokens},
                     {"first_scored", window.firstScored},
                     {"logprobs", logProbabilities(source, std::span(&window, 1)).front()}};
  writeFile(path, json.dump() + "\n");
}

static void runPerplexity(const EvalOptions &options, const Model &model) {
  std::vector<Convention> conventions;
  for (const std::string &name : options.conventions)
    conventions.push_back(parseConvention(name));
  const int64_t ctx = chooseCtx(options, model.plan());
  const std::vector<EvaluationText> texts = prepareTexts(options, model, conventions, ctx);
  const int64_t batch =
      options.batch ? options.batch : std::max<int64_t>(1, options.model.chunk / ctx);
  Session session(model.plan(), model.device(), {ctx, options.model.chunk, batch});
  SessionLogits source(session);

  auto results = nlohmann::ordered_json::array();
  for (const EvaluationText &text : texts) {
    const Measurement measurement = measure(source, text, batch);
    if (options.json)
      results.push_back(toJson(measurement));
    else
      std::fputs(toText(measurement).c_str(), stdout);
    std::fflush(stdout);
  }
  if (options.json)
    std::printf("%s\n", (results.size() == 1 ? results[0] : results).dump(2).c_str());
  if (!options.logProbabilityFile.empty())
    writeLogProbabilities(source, texts.front(), options.logProbabilityFile);
}

static void writeLogits(const EvalOptions &options, const Model &model) {
  const std::vector<int32_t> ids = model.encodePrompt(options.prompt);
  Session session(model.plan(), model.device(), {0, options.model.chunk, 1});
  const Feed feed{session.addSequence(), ids, ids.size() - 1};
  std::vector<float> logits;
  session.run(std::span(&feed, 1), [&](const TokenResult &result) {
    logits.assign(result.logits.begin(), result.logits.end());
  });
  writeFile(options.logitsFile, Json{{"ids", ids}, {"logits", logits}}.dump() + "\n");
}

static void runTasks(const EvalOptions &options, const Model &model) {
  const std::vector<TaskReport> reports =
      evaluateTasks(model, options.tasks, readTasks(options.tasks), options.model.chunk);
  if (!options.json) {
    std::fputs(toText(reports).c_str(), stdout);
    return;
  }
  auto json = nlohmann::ordered_json::array();
  for (const TaskReport &report : reports)
    json.push_back(toJson(report));
  std::printf("%s\n", json.dump(2).c_str());
}

static void runEval(const EvalOptions &options) {
  if (options.textFile.empty() && options.logitsFile.empty() && options.tasks.names.empty())
    fail("nothing to evaluate: give --ppl FILE, --task NAME, or --prompt TEXT with --logits FILE");
  const Model model(options.artifact, options.model, TokenizerUse::Needed);
  if (!options.textFile.empty())
    runPerplexity(options, model);
  if (!options.tasks.names.empty())
    runTasks(options, model);
  if (!options.logitsFile.empty())
    writeLogits(options, model);
}

void qopt::addEvalCommand(CLI::App &app) {
  auto options = std::make_shared<EvalOptions>();
  CLI::App *command = app.add_subcommand("eval", "Measure perplexity, and answers to tasks");
  command->add_option("artifact", options->artifact, "The artifact: X.qmod")->required();
  CLI::Option *text =
      command->add_option("--ppl", options->textFile, "Text file to measure the perplexity of");
  command
      ->add_option("--convention", options->conventions,
                   "llama.cpp, gptq or lm-eval; several, separated by commas, side by side")
      ->delimiter(',')
      ->check(checkConvention)
      ->allow_extra_args(false)
      ->capture_default_str()
      ->needs(text);
  command
      ->add_option("-c,--ctx", options->ctx,
                   "Tokens of a window (default: 512, or the model's context if that is less)")
      ->check(positiveNumber)
      ->needs(text);
  command
      ->add_option("-b,--batch", options->batch,
                   "Windows evaluated at a time, which changes no result (default: as many as "
                   "fill a step)")
      ->check(CLI::Range(1, 4096))
      ->needs(text);
  command
      ->add_option("--logprobs", options->logProbabilityFile,
                   "Write the first window's log-probabilities, token by token, to this JSON file")
      ->needs(text);
  CLI::Option *prompt =
      command->add_option("-p,--prompt", options->prompt, "Text whose next token is predicted");
  CLI::Option *logits =
      command->add_option("--logits", options->logitsFile,
                          "Write the logits after the prompt's last token to this JSON file");
  prompt->needs(logits);
  logits->needs(prompt);
  options->tasks.addTo(*command, "--task")->excludes(text);
  command->add_flag("--json", options->json,
                    "Print JSON: one object, or an array for several conventions, or for tasks");
  options->model.addTo(*command);
  command->footer("Example: qrun eval tiny.qmod --ppl heldout.txt --convention llama.cpp,gptq\n"
                  "Example: qrun eval tiny.qmod --task mmlu --data mmlu/ --shots 5 --samples 200");
  command->callback([options] { runEval(*options); });
}
