//===- Calibrate.cpp - qrun calibrate -------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/ActivationRecorder.h"
#include "runtime/calibration/CacheRecorder.h"
#include "runtime/calibration/CalibrationText.h"
#include "runtime/formats/Error.h"
#include "runtime/session/Session.h"
#include "tools/qrun/CountProgress.h"
#include "tools/qrun/MeasureCaches.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/PositiveNumber.h"
#include "tools/qrun/ScratchFolder.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <bit>
#include <chrono>
#include <cstdio>
#include <unistd.h>

using namespace qopt;

namespace {

struct CalibrateOptions {
  std::string artifact;
  std::string textFile;
  std::string output;
  int64_t tokens = 0; ///< 0: 65536, or those that the text has.
  int64_t ctx = 0;    ///< 0: 512, or the model's context if that is less.
  int64_t sampleRows = 64;
  bool measuresCaches = false;
  std::vector<CacheMode> modes; ///< None: what heads of the model's size can have of a few.
  int64_t sensitivityTokens = 2048;
  ModelOptions model;
  bool json = false;
};

/// Rewrites one line of a terminal; nothing elsewhere.
class CalibrateProgress {
public:
  explicit CalibrateProgress(int64_t tokens)
      : tokens(tokens), isTerminal(isatty(STDERR_FILENO) != 0) {}
  ~CalibrateProgress() {
    if (isTerminal)
      fmt::print(stderr, "\r\033[K");
  }

  void show(int64_t done) const {
    if (isTerminal)
      fmt::print(stderr, "\r{} of {} tokens, {:.0f} tokens/s\033[K", done, tokens,
                 double(done) / seconds());
  }
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

private:
  int64_t tokens;
  bool isTerminal;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};

} // namespace

static int64_t chooseCtx(const CalibrateOptions &options, const Plan &plan) {
  const int64_t limit = plan.config.maxPosition;
  if (options.ctx > limit)
    fail("--ctx {} is beyond the {} tokens of context of {}", options.ctx, limit, options.artifact);
  return options.ctx ? options.ctx : std::min<int64_t>(512, limit);
}

static std::vector<int32_t> chooseTokens(const CalibrateOptions &options,
                                         const Tokenizer &tokenizer) {
  constexpr int64_t defaultTokens = 65536;
  std::vector<int32_t> tokens =
      encodeBeginning(options.textFile, tokenizer, options.tokens ? options.tokens : defaultTokens);
  if (int64_t(tokens.size()) < options.tokens)
    fail("{}: the text has {} tokens, fewer than the {} asked for", options.textFile, tokens.size(),
         options.tokens);
  if (tokens.size() <= size_t(tokenizer.addsBos()))
    fail("{}: the text is empty", options.textFile);
  return tokens;
}

/// Every token's logits are asked for, so that the head's input is observed, too.
static double runWindows(Session &session, CacheRecorder &caches,
                         const std::vector<std::vector<int32_t>> &windows, int64_t tokens) {
  CalibrateProgress progress(tokens);
  int64_t done = 0;
  for (const std::vector<int32_t> &window : windows) {
    const Feed feed{session.addSequence(), window, 0};
    session.run(std::span(&feed, 1), [](const TokenResult &) {});
    caches.record(session.cache(), feed.sequence);
    session.removeSequence(feed.sequence);
    progress.show(done += int64_t(window.size()));
  }
  return progress.seconds();
}

/// Formats of 2 to 16 bits, each of which is the best of its size for some keys or values.
static std::string chooseModes(int64_t headDim) {
  std::string modes = "f16,int8,int8-asymmetric,int4-asymmetric-search,int2-asymmetric-search";
  if (headDim % 32 == 0)
    modes += ",int4-asymmetric-search-g32";
  if (headDim >= 16 && std::has_single_bit(uint64_t(headDim)))
    modes += ",turboquant4,turboquant3";
  return modes;
}

/// `statistics` is a profile for modes that need one. Scores what llama.cpp's convention scores:
/// each window's second half, which has a past.
static CacheSensitivities measureSensitivities(const CalibrateOptions &options, const Model &model,
                                               const std::string &statistics,
                                               std::span<const std::vector<int32_t>> texts) {
  std::vector<Window> windows;
  int64_t tokens = 0;
  for (const std::vector<int32_t> &text : texts)
    if (text.size() > 2 && tokens < options.sensitivityTokens) {
      windows.push_back({text, text.size() / 2 + 1});
      tokens += int64_t(text.size());
    }
  if (windows.empty())
    fail("{} has no window of three tokens to measure sensitivities on", options.textFile);
  const std::vector<CacheMode> modes =
      options.modes.empty() ? parseCacheModes(chooseModes(model.plan().config.headDim))
                            : options.modes;
  CountProgress progress("caches", "sensitivities", kMeasurementsOfMode * modes.size());
  return measureCaches(options.artifact, model, options.model, modes, statistics, windows,
                       [&](size_t done) { progress.show(done); });
}

static void printReport(const CalibrateOptions &options, std::span<const NamedStatistics> recorded,
                        const CacheSensitivities &sensitivities, const ProfileOrigin &origin,
                        double seconds) {
  if (!options.json) {
    fmt::print("{}: {} inputs, {} tokens of {} in windows of {}, {:.0f} tokens/s\n", options.output,
               recorded.size(), origin.tokens, origin.text, origin.ctx,
               double(origin.tokens) / seconds);
    for (const UniformSensitivity &one : sensitivities.uniform)
      fmt::print("cache {:<40} KL {:.3g}\n", one.mode, one.kl);
    return;
  }
  Json inputs = Json::array();
  for (const NamedStatistics &input : recorded)
    inputs.push_back({{"weights", input.weights},
                      {"channels", input.statistics.channels()},
                      {"count", input.statistics.count()},
                      {"min", std::ranges::min(input.statistics.min())},
                      {"max", std::ranges::max(input.statistics.max())}});
  Json json = {{"profile", options.output},
               {"model_hash", origin.modelHash},
               {"text", origin.text},
               {"tokens", origin.tokens},
               {"ctx", origin.ctx},
               {"seconds", seconds},
               {"tokens_per_s", double(origin.tokens) / seconds},
               {"inputs", inputs}};
  if (!sensitivities.empty())
    json["kv_sensitivity"] = sensitivities.toJson();
  std::printf("%s\n", json.dump(2).c_str());
}

static void runCalibrate(const CalibrateOptions &options) {
  const Model model(options.artifact, options.model, TokenizerUse::Needed);
  const int64_t ctx = chooseCtx(options, model.plan());
  const std::vector<int32_t> text = chooseTokens(options, model.tokenizer());
  const auto tokens = int64_t(text.size());
  ActivationRecorder recorder(model.device().target(), tokens, options.sampleRows);
  const std::vector<std::vector<int32_t>> windows = cutWindows(text, model.tokenizer(), ctx);
  Session session(model.plan(), model.device(), {ctx, options.model.chunk, 1, &recorder});
  CacheRecorder caches(model.device().target(), tokens, options.sampleRows);
  const double seconds = runWindows(session, caches, windows, tokens);
  recorder.checkFinite();
  std::vector<NamedStatistics> inputs(recorder.inputs().begin(), recorder.inputs().end());
  inputs.insert(inputs.end(), caches.inputs().begin(), caches.inputs().end());
  const ProfileOrigin origin{model.plan().modelHash, options.textFile, tokens, ctx,
                             "qrun " QOPT_VERSION};
  CacheSensitivities sensitivities;
  if (options.measuresCaches) {
    const ScratchFolder folder("calibrate");
    const std::string statistics = folder.file("statistics.safetensors");
    writeProfile(statistics, origin, inputs);
    sensitivities = measureSensitivities(options, model, statistics, windows);
  }
  writeProfile(options.output, origin, inputs, sensitivities);
  printReport(options, inputs, sensitivities, origin, seconds);
}

void qopt::addCalibrateCommand(CLI::App &app) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App *command = app.add_subcommand(
      "calibrate", "Record statistics of activations, for quantization, while a text runs");
  command->add_option("artifact", options->artifact, "What qopt --instrument made: X.qmod")
      ->required();
  command->add_option("--data", options->textFile, "Text file to run")->required();
  command->add_option("-o,--output", options->output, "The profile to write: X.safetensors")
      ->required();
  command
      ->add_option("--tokens", options->tokens,
                   "Tokens of the text to run (default: 65536, or all if there are fewer)")
      ->check(CLI::Range(int64_t(1), int64_t(1) << 32));
  command
      ->add_option("-c,--ctx", options->ctx,
                   "Tokens of a window (default: 512, or the model's context if that is less)")
      ->check(positiveNumber);
  command
      ->add_option("--sample-rows", options->sampleRows,
                   "Rows of each input to keep, for searches and errors")
      ->check(CLI::Range(0, 1 << 16))
      ->capture_default_str();
  command->add_flag("--kv-sensitivity", options->measuresCaches,
                    "Measure what compressed caches cost, layer by layer, for qopt --compress-kv "
                    "mode=auto; compiles the model again, with the qopt beside qrun");
  addCacheModes(*command, "--kv-modes", "Modes to measure, without it a few of 2 to 16 bits",
                options->modes, "");
  command
      ->add_option("--kv-tokens", options->sensitivityTokens,
                   "Tokens, from the first on, to measure them on")
      ->check(positiveNumber)
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  options->model.addTo(*command);
  command->footer("Example: qopt MODEL --instrument -o obs.qmod\n"
                  "         qrun calibrate obs.qmod --data text.txt --tokens 65536 "
                  "-o stats.safetensors\n"
                  "The profile serves qopt --smooth-quant, --quantize-activations and "
                  "--quantization-report.");
  command->callback([options] { runCalibrate(*options); });
}
