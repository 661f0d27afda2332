//===- MeasureCaches.cpp - sensitivities of compressed caches -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/MeasureCaches.h"

#include "runtime/eval/CompareModels.h"
#include "runtime/eval/SessionLogits.h"
#include "runtime/formats/Error.h"
#include "tools/qrun/HybridArtifact.h"
#include "tools/qrun/RunTool.h"
#include "tools/qrun/ScratchFolder.h"
#include <algorithm>

using namespace qopt;

namespace {

/// What a layer of a compiled artifact has its cache in.
struct Assignment {
  const CacheMode *mode;
  bool ofKeys, ofValues;
};

class Measurement {
public:
  Measurement(std::string artifact, const Model &base, const ModelOptions &options,
              std::string profile, std::span<const Window> windows)
      : artifact(std::move(artifact)), base(base), options(options), profile(std::move(profile)),
        windows(windows), numCaches(base.device().target().caches.size()) {}

  /// Assignments that one compilation can have; a layer keeps the uncompressed kernels.
  size_t capacity() const { return std::max<size_t>(numCaches - 1, 1); }
  size_t caches() const { return numCaches; }

  /// Measures assignments whose kernels are the same in all layers.
  void measureShared(std::span<const Assignment> assignments, CacheSensitivities &result,
                     const std::function<void()> &progress);
  /// Measures one whose layers have numbers of their own.
  void measureOwn(const Assignment &assignment, CacheSensitivities &result);

private:
  using Layers = std::pair<size_t, size_t>; ///< The first, and the one behind the last.

  std::vector<std::string> rules(const Assignment &assignment, Layers layers) const;
  std::string compile(const std::vector<std::string> &rules, const ScratchFolder &folder) const;
  std::vector<double> divergences(const std::vector<std::string> &artifacts) const;
  void addPart(const Assignment &assignment, size_t cache, const std::string &artifact, double kl,
               CacheSensitivities &result) const;

  std::string artifact;
  const Model &base;
  const ModelOptions &options;
  std::string profile;
  std::span<const Window> windows;
  size_t numCaches;
};

} // namespace

/// The passes that give these layers what is assigned.
std::vector<std::string> Measurement::rules(const Assignment &assignment, Layers layers) const {
  const std::string which = fmt::format(" layers={}-{}", layers.first, layers.second - 1);
  std::vector<std::string> passes = {"--compress-kv=" + assignment.mode->rule + which};
  if (assignment.mode->needsProfile)
    passes.back() += " profile=" + profile;
  if (!assignment.ofKeys)
    passes.push_back("--compress-kv=k=native" + which);
  if (!assignment.ofValues)
    passes.push_back("--compress-kv=v=native" + which);
  return passes;
}

std::string Measurement::compile(const std::vector<std::string> &rules,
                                 const ScratchFolder &folder) const {
  std::string compiled = folder.file("compiled.qmod");
  compileModel(artifact + "/model.mlir", rules, hostPipeline(options.cpuLevel), compiled);
  return compiled;
}

/// The mean KL divergence of each artifact from the base.
std::vector<double> Measurement::divergences(const std::vector<std::string> &artifacts) const {
  const auto longest = std::ranges::max_element(
      windows, {}, [](const Window &window) { return window.tokens.size(); });
  const SessionOptions session{int64_t(longest->tokens.size()), options.chunk, 1, nullptr};
  Session baseSession(base.plan(), base.device(), session);
  SessionLogits baseLogits(baseSession);
  ModelBase compared(baseLogits);
  std::vector<std::unique_ptr<Model>> models;
  std::vector<std::unique_ptr<Session>> sessions;
  std::vector<std::unique_ptr<SessionLogits>> logits;
  std::vector<LogitsSource *> sources;
  for (const std::string &one : artifacts) {
    models.push_back(std::make_unique<Model>(one, options, TokenizerUse::None));
    sessions.push_back(
        std::make_unique<Session>(models.back()->plan(), models.back()->device(), session));
    logits.push_back(std::make_unique<SessionLogits>(*sessions.back()));
    sources.push_back(logits.back().get());
  }
  const Comparison comparison = compareModels(compared, sources, windows,
                                              size_t(base.plan().config.vocabSize), [](size_t) {});
  std::vector<double> means;
  for (const DivergenceResult &model : comparison.models)
    means.push_back(model.klDivergence.estimate.mean);
  return means;
}

void Measurement::addPart(const Assignment &assignment, size_t cache, const std::string &artifact,
                          double kl, CacheSensitivities &result) const {
  const Artifact compiled = Artifact::inspect(artifact);
  const PlanCache &stored = compiled.plan().cpu->caches[cache];
  result.parts.push_back({stored.name, assignment.ofKeys, assignment.mode->name,
                          (assignment.ofKeys ? stored.key : stored.value).format, kl});
}

/// Layer i after the uncompressed one has assignment i; caches and kernels are exchanged.
void Measurement::measureShared(std::span<const Assignment> assignments, CacheSensitivities &result,
                                const std::function<void()> &progress) {
  const ScratchFolder folder("calibrate");
  const size_t first = numCaches - capacity();
  std::vector<std::string> passes;
  for (size_t a = 0; a < assignments.size(); ++a)
    std::ranges::copy(rules(assignments[a], {first + a, first + a + 1}),
                      std::back_inserter(passes));
  const std::string mixed = compile(passes, folder);
  for (size_t a = 0; a < assignments.size(); ++a) {
    const bool isUniform = assignments[a].ofKeys && assignments[a].ofValues;
    std::vector<std::string> artifacts;
    for (size_t cache = 0; cache < (isUniform ? 1 : numCaches); ++cache) {
      std::vector<size_t> templates(numCaches, isUniform ? first + a : 0);
      templates[cache] = first + a;
      artifacts.push_back(folder.file(fmt::format("{}-{}.qmod", a, cache)));
      makeHybridArtifact(mixed, templates, artifacts.back());
    }
    const std::vector<double> kl = divergences(artifacts);
    if (isUniform)
      result.uniform.push_back({assignments[a].mode->name, kl.front()});
    else
      for (size_t cache = 0; cache < numCaches; ++cache)
        addPart(assignments[a], cache, artifacts[cache], kl[cache], result);
    progress();
  }
}

/// One half of the layers is compiled with the assignment, then the other: each layer is measured
/// with what it has, while all others have the kernels of one that has none.
void Measurement::measureOwn(const Assignment &assignment, CacheSensitivities &result) {
  if (assignment.ofKeys && assignment.ofValues) {
    const ScratchFolder folder("calibrate");
    const std::string all = compile(rules(assignment, {0, numCaches}), folder);
    result.uniform.push_back({assignment.mode->name, divergences({all}).front()});
    return;
  }
  const size_t half = (numCaches + 1) / 2;
  for (const auto &[layers, other] : {std::pair(Layers(0, half), half), {{half, numCaches}, 0}}) {
    if (layers.first == layers.second)
      continue;
    const ScratchFolder folder("calibrate");
    const std::string compiled = compile(rules(assignment, layers), folder);
    std::vector<std::string> artifacts;
    for (size_t cache = layers.first; cache < layers.second; ++cache) {
      std::vector<size_t> templates(numCaches, other);
      templates[cache] = cache;
      artifacts.push_back(folder.file(fmt::format("{}.qmod", cache)));
      makeHybridArtifact(compiled, templates, artifacts.back());
    }
    const std::vector<double> kl = divergences(artifacts);
    for (size_t i = 0; i < artifacts.size(); ++i)
      addPart(assignment, layers.first + i, artifacts[i], kl[i], result);
  }
}

CacheSensitivities qopt::measureCaches(const std::string &artifact, const Model &base,
                                       const ModelOptions &options,
                                       std::span<const CacheMode> modes, const std::string &profile,
                                       std::span<const Window> windows,
                                       const std::function<void(size_t done)> &progress) {
  Measurement measurement(artifact, base, options, profile, windows);
  if (measurement.caches() == 0)
    fail("{} has no cache", artifact);
  std::vector<Assignment> shared, own;
  for (const CacheMode &mode : modes) {
    if (mode.beforeRope)
      fail("--kv-modes: {} changes more of the model than its cache: sensitivities are of modes "
           "without before_rope",
           mode.name);
    for (auto [ofKeys, ofValues] : {std::pair(true, false), {false, true}, {true, true}})
      (mode.needsProfile ? own : shared).push_back({&mode, ofKeys, ofValues});
  }
  CacheSensitivities result;
  size_t done = 0;
  const auto advance = [&] { progress(++done); };
  for (size_t begin = 0; begin < shared.size(); begin += measurement.capacity())
    measurement.measureShared(
        std::span(shared).subspan(begin, std::min(measurement.capacity(), shared.size() - begin)),
        result, advance);
  for (const Assignment &assignment : own) {
    measurement.measureOwn(assignment, result);
    advance();
  }
  return result;
}
