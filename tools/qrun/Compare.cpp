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
#include "runtime/tokenizer/ChatTemplate.h"
#include "tools/qrun/BenchReport.h"
#include "tools/qrun/CompareReport.h"
#include "tools/qrun/EvalReport.h"
#include "tools/qrun/HtmlReport.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/OutputFile.h"
#include "tools/qrun/PeakMemory.h"
#include "tools/qrun/PositiveNumber.h"
#include "tools/qrun/SessionBench.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

using namespace qopt;

namespace {

struct CompareOptions {
  std::vector<std::string> artifacts;
  std::string textFile;
  std::string baseFile;
  std::string keepFile;
  int64_t ctx = 512;
  int64_t windows = 0; ///< 0: all of the text.
  ModelOptions model;
  TaskOptions tasks;
  PromptOptions prompts;
  bool speed = true;
  bool json = false;
  std::string csvFile, markdownFile, reportFile;
};

/// A model that is compared: the artifact, its session, and the session's logits.
struct Contender {
  Contender(std::unique_ptr<Model> opened, const CompareOptions &options, int64_t ctx)
      : model(std::move(opened)),
        session(model->plan(), model->device(), {ctx, options.model.chunk, 1}), logits(session) {}

  std::unique_ptr<Model> model;
  Session session;
  SessionLogits logits;
};

} // namespace

/// The models must predict the same tokens of the same text.
static void checkVocabulary(const Model &model, int64_t vocab, const std::string &base) {
  if (model.plan().config.vocabSize != vocab)
    fail("{} predicts {} tokens and {} {}: only models of one vocabulary can be compared",
         model.artifact().directory(), model.plan().config.vocabSize, base, vocab);
}

static void checkContext(const Model &model, int64_t ctx, std::string_view source) {
  if (ctx > model.plan().config.maxPosition)
    fail("{} {} is beyond the {} tokens of context of {}", source, ctx,
         model.plan().config.maxPosition, model.artifact().directory());
}

static EvaluationText windowsOfText(const CompareOptions &options, const Model &model) {
  const MappedFile file(options.textFile);
  const std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                              file.bytes().size());
  return prepareText(Convention::LlamaCpp, text, options.textFile, model.tokenizer(), options.ctx);
}

/// As in the file, but for the beginning-of-text token that llama.cpp writes over the first of
/// each.
static EvaluationText windowsOfFile(const LogProbabilityFile &file, const Model &model) {
  const Tokenizer &tokenizer = model.tokenizer();
  const bool bos = tokenizer.addsBos() && tokenizer.bosId();
  return {Convention::LlamaCpp, file.ctx(), bos,
          llamaCppWindows(file.tokens(), file.ctx(), bos ? tokenizer.bosId() : std::nullopt),
          std::nullopt};
}

/// The tokens of the windows, in order.
static std::vector<int32_t> allTokens(const EvaluationText &text) {
  std::vector<int32_t> tokens;
  for (const Window &window : text.windows)
    tokens.insert(tokens.end(), window.tokens.begin(), window.tokens.end());
  return tokens;
}

/// Of llama-bench's names, as long as the context allows.
static SessionBenchOptions speedTests(const ModelConfig &config) {
  SessionBenchOptions tests;
  tests.promptTokens = std::min<int64_t>(512, config.maxPosition);
  tests.decodeTokens = std::min<int64_t>(128, config.maxPosition);
  tests.repetitions = 3;
  return tests;
}

static SpeedRange rangeOf(const BenchResult &result) {
  std::vector<double> rates;
  for (double seconds : result.seconds)
    rates.push_back(double(result.tokens * result.batch) / seconds);
  std::ranges::sort(rates);
  return {rates.front(), rates[rates.size() / 2], rates.back()};
}

/// Alone in memory, so that the peak is the model's own.
static ModelSpeed measureSpeed(const std::string &path, const CompareOptions &options,
                               std::string &names) {
  resetPeakMemory();
  const Model model(path, options.model, TokenizerUse::None);
  SessionBench bench(model, speedTests(model.plan().config), options.model.chunk);
  const BenchResult prefill = bench.prefill(), decode = bench.decode();
  names = fmt::format("{}, {}", prefill.name, decode.name);
  const uint64_t peak = peakMemoryBytes();
  const uint64_t perToken = weightBytesPerToken(model.artifact(), model.device().target());
  return {rangeOf(prefill),         rangeOf(decode),
          model.loadMilliseconds(), peak,
          double(perToken),         measureBandwidth(model, perToken)};
}

static uint64_t fileBytes(const std::string &directory) {
  uint64_t bytes = 0;
  for (const auto &entry : std::filesystem::directory_iterator(directory))
    if (entry.is_regular_file())
      bytes += entry.file_size();
  return bytes;
}

/// Of an element of the cache, scales and padding included.
static double bitsPerKey(const Model &model) {
  double bits = 0, elements = 0;
  for (const PlanCache &cache : model.device().target().caches) {
    bits += 8 * double(cache.kvHeads) * double(cache.key.blockBytes + cache.value.blockBytes);
    elements += 2 * double(cache.kvHeads * cache.headDim * model.plan().pageTokens);
  }
  return bits / elements;
}

static ComparedModel describe(const Model &model) {
  const uint64_t bytes = model.artifact().weightBytes();
  const std::string &directory = model.artifact().directory();
  return {directory,
          model.plan().recipe,
          bytes,
          fileBytes(directory),
          8 * double(bytes) / double(numParameters(model.plan().config)),
          bitsPerKey(model),
          std::nullopt,
          {},
          readTensorErrors(model.artifact())};
}

using Contenders = std::vector<std::unique_ptr<Contender>>;

/// Opens the artifacts and checks that they and the base can be compared.
static Contenders openContenders(const CompareOptions &options,
                                 const LogProbabilityFile *baseFile) {
  const int64_t ctx = baseFile ? baseFile->ctx() : options.ctx;
  Contenders contenders;
  for (const std::string &path : options.artifacts) {
    auto model = std::make_unique<Model>(path, options.model, TokenizerUse::Needed);
    if (baseFile)
      checkVocabulary(*model, baseFile->vocabSize(), options.baseFile);
    else if (!contenders.empty())
      checkVocabulary(*model, contenders.front()->model->plan().config.vocabSize,
                      options.artifacts.front());
    checkContext(*model, ctx, baseFile ? options.baseFile + ": ctx" : "--ctx");
    contenders.push_back(std::make_unique<Contender>(std::move(model), options, ctx));
  }
  return contenders;
}

/// Two tokenizers of one size may still be different ones.
static void checkTokenizers(const CompareOptions &options, const Contenders &contenders,
                            const EvaluationText &text) {
  for (const std::unique_ptr<Contender> &contender : std::span(contenders).subspan(1)) {
    const EvaluationText other = windowsOfText(options, *contender->model);
    if (!std::equal(text.windows.begin(), text.windows.end(), other.windows.begin(),
                    other.windows.end()))
      fail("{} encodes {} differently from {}: only models of one tokenizer can be compared",
           contender->model->artifact().directory(), options.textFile, options.artifacts.front());
  }
}

static EvaluationText prepareWindows(const CompareOptions &options, const Contenders &contenders,
                                     const LogProbabilityFile *baseFile) {
  const Model &first = *contenders.front()->model;
  EvaluationText text = baseFile ? windowsOfFile(*baseFile, first) : windowsOfText(options, first);
  if (!baseFile)
    checkTokenizers(options, contenders, text);
  if (options.windows > 0 && size_t(options.windows) < text.windows.size())
    text.windows.resize(size_t(options.windows));
  return text;
}

/// The comparison itself, with progress on a terminal.
static Comparison compare(ComparisonBase &base, std::span<LogitsSource *const> models,
                          std::span<const Window> windows, int64_t vocab) {
  const bool isTerminal = isatty(STDERR_FILENO) != 0;
  return compareModels(base, models, windows, size_t(vocab), [&](size_t done) {
    if (isTerminal)
      fmt::print(stderr, "\r{} of {} windows\033[K{}", done, windows.size(),
                 done == windows.size() ? "\r\033[K" : "");
  });
}

/// Against the file, or else against the first model, whose log-probabilities may be kept.
static Comparison compareContenders(const CompareOptions &options, const Contenders &contenders,
                                    const LogProbabilityFile *baseFile,
                                    const EvaluationText &text) {
  const int64_t vocab = contenders.front()->model->plan().config.vocabSize;
  std::vector<LogitsSource *> models;
  for (const std::unique_ptr<Contender> &contender : contenders)
    models.push_back(&contender->logits);
  if (baseFile) {
    FileBase base(*baseFile);
    return compare(base, models, text.windows, vocab);
  }
  const std::span others = std::span(models).subspan(1);
  if (options.keepFile.empty()) {
    ModelBase base(*models.front());
    return compare(base, others, text.windows, vocab);
  }
  LogProbabilityWriter keep(options.keepFile, text.ctx, vocab, allTokens(text));
  ModelBase base(*models.front(), &keep);
  Comparison result = compare(base, others, text.windows, vocab);
  keep.commit();
  return result;
}

static void runCompare(const CompareOptions &options) {
  if (options.artifacts.size() < 2 && options.baseFile.empty() && options.keepFile.empty())
    fail(
        "compare needs a base and another model: two artifacts, or one with --base or --save-base");
  std::optional<LogProbabilityFile> file;
  if (!options.baseFile.empty())
    file.emplace(options.baseFile);
  const LogProbabilityFile *baseFile = file ? &*file : nullptr;

  // What is wrong with a file shows before anything is measured.
  OutputFile csv(options.csvFile), markdown(options.markdownFile), page(options.reportFile);
  if (!options.textFile.empty())
    MappedFile{options.textFile};
  const std::vector<AskedTask> tasks = readTasks(options.tasks);
  CompareReport report;
  report.prompts = readPrompts(options.prompts, options.artifacts);
  std::vector<std::optional<ModelSpeed>> speeds(options.artifacts.size());
  if (options.speed)
    for (size_t i = 0; i < speeds.size(); ++i)
      speeds[i] = measureSpeed(options.artifacts[i], options, report.speedTests);

  const Contenders contenders = openContenders(options, baseFile);
  const EvaluationText text = prepareWindows(options, contenders, baseFile);
  report.comparison = compareContenders(options, contenders, baseFile, text);
  report.convention = describeConvention(text.convention, text.ctx, text.bos);
  report.windows = int64_t(text.windows.size());
  if (baseFile)
    report.models.emplace_back().artifact = options.baseFile;
  for (size_t i = 0; i < contenders.size(); ++i) {
    report.models.push_back(describe(*contenders[i]->model));
    report.models.back().speed = speeds[i];
    if (!options.tasks.names.empty())
      report.models.back().tasks =
          evaluateTasks(*contenders[i]->model, options.tasks, tasks, options.model.chunk);
  }
  if (!report.prompts.empty())
    for (const std::unique_ptr<Contender> &contender : contenders) {
      addTexts(*contender->model, options.prompts, options.model.chunk, report.prompts);
      report.promptedModels.push_back(contender->model->artifact().directory());
    }
  if (csv)
    csv.write(toCsv(toTable(report)));
  if (markdown)
    markdown.write(toMarkdown(toTable(report)));
  if (page)
    page.write(toHtml(report));
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
      ->expected(1, 64);
  auto *text = command->add_option("--text", options->textFile, "Text file to compare on");
  auto *base = command->add_option("--base", options->baseFile,
                                   "The base's log-probabilities, with their text, as kept by "
                                   "--save-base or llama-perplexity --kl-divergence-base");
  auto *keep = command->add_option("--save-base", options->keepFile,
                                   "Keep the base's log-probabilities here, in the same format");
  auto *ctx = command->add_option("-c,--ctx", options->ctx, "Tokens of a window")
                  ->check(CLI::Range(4, int(maxStepRows)))
                  ->capture_default_str();
  base->excludes(text)->excludes(keep)->excludes(ctx);
  command->add_option("--windows", options->windows, "Windows of the text to use (default: all)")
      ->check(positiveNumber);
  command->add_flag("!--no-speed", options->speed, "Do not time prefill and decode");
  options->tasks.addTo(*command, "--tasks");
  auto *prompts = command->add_option("--prompts", options->prompts.file,
                                      "File with a prompt a line: what each model goes on with, "
                                      "marked where it leaves the first one's text");
  command->add_option("--prompt-tokens", options->prompts.tokens, "Tokens of each text")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str()
      ->needs(prompts);
  command
      ->add_option("--chat", options->prompts.chat,
                   fmt::format("Wrap prompts in a chat template: auto (what tokenizer_config.json "
                               "has), {}",
                               fmt::join(chatTemplateNames(), ", ")))
      ->needs(prompts);
  command->add_option("--report", options->reportFile,
                      "Write a page with the table and plots, which needs no network (HTML)");
  command->add_option("--csv", options->csvFile, "Write the table to this file, as CSV");
  command->add_option("--markdown", options->markdownFile, "Write it as Markdown");
  command->add_flag("--json", options->json, "Print JSON");
  options->model.addTo(*command);
  command->footer("Example: qrun compare base.qmod w8.qmod --text heldout.txt\n"
                  "Windows and scored tokens are those of llama.cpp's --kl-divergence.");
  command->callback([options, text, base] {
    if (text->count() + base->count() == 0)
      throw CLI::RequiredError("--text or --base");
    runCompare(*options);
  });
}
