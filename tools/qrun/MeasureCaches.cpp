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
              std::span<const Window> windows)
      : artifact(std::move(artifact)), base(base), options(options), windows(windows),
        numCaches(base.device().target().caches.size()) {}

  /// Layers of an artifact that can have an assignment; one keeps the uncompressed kernels.
  size_t capacity() const { return std::max<size_t>(numCaches - 1, 1); }
  size_t caches() const { return numCaches; }
  void measure(std::span<const Assignment> assignments, CacheSensitivities &result,
               const std::function<void()> &progress);

private:
  std::string compile(std::span<const Assignment> assignments, const ScratchFolder &folder) const;
  std::vector<double> divergences(const std::vector<std::string> &artifacts) const;

  std::string artifact;
  const Model &base;
  const ModelOptions &options;
  std::span<const Window> windows;
  size_t numCaches;
};

} // namespace

/// Compiles the model with assignment i in the layer i after the uncompressed one.
std::string Measurement::compile(std::span<const Assignment> assignments,
                                 const ScratchFolder &folder) const {
  std::vector<std::string> passes;
  for (size_t i = 0; i < assignments.size(); ++i) {
    const std::string layers = fmt::format(" layers={}", numCaches - capacity() + i);
    passes.push_back("--compress-kv=" + assignments[i].mode->rule + layers);
    if (!assignments[i].ofKeys)
      passes.push_back("--compress-kv=k=native" + layers);
    if (!assignments[i].ofValues)
      passes.push_back("--compress-kv=v=native" + layers);
  }
  std::string compiled = folder.file("mixed.qmod");
  compileModel(artifact + "/model.mlir", passes, "cpu", compiled);
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

void Measurement::measure(std::span<const Assignment> assignments, CacheSensitivities &result,
                          const std::function<void()> &progress) {
  const ScratchFolder folder("calibrate");
  const std::string mixed = compile(assignments, folder);
  const size_t first = numCaches - capacity();
  for (size_t a = 0; a < assignments.size(); ++a) {
    const auto &[mode, ofKeys, ofValues] = assignments[a];
    const bool isUniform = ofKeys && ofValues;
    std::vector<std::string> artifacts;
    for (size_t cache = 0; cache < (isUniform ? 1 : numCaches); ++cache) {
      std::vector<size_t> templates(numCaches, isUniform ? first + a : 0);
      templates[cache] = first + a;
      artifacts.push_back(folder.file(fmt::format("{}-{}.qmod", a, cache)));
      makeHybridArtifact(mixed, templates, artifacts.back());
    }
    const std::vector<double> kl = divergences(artifacts);
    const Artifact compiled = Artifact::inspect(artifacts.front());
    const PlanCache &stored = compiled.plan().cpu->caches.front();
    const std::string &format = (ofKeys ? stored.key : stored.value).format;
    if (isUniform)
      result.uniform.push_back({format, kl.front()});
    else
      for (size_t cache = 0; cache < numCaches; ++cache)
        result.parts.push_back(
            {base.device().target().caches[cache].name, ofKeys, format, kl[cache]});
    progress();
  }
}

CacheSensitivities
qopt::measureCaches(const std::string &artifact, const Model &base, const ModelOptions &options,
                    std::span<const CacheMode> modes, std::span<const Window> windows,
                    const std::function<void(size_t done, size_t total)> &progress) {
  Measurement measurement(artifact, base, options, windows);
  if (measurement.caches() == 0)
    fail("{} has no cache", artifact);
  std::vector<Assignment> assignments;
  for (const CacheMode &mode : modes) {
    if (mode.needsProfile)
      fail("--kv-modes: {} has other codes in each layer, from a profile: sensitivities are "
           "those of modes without",
           mode.name);
    for (auto [ofKeys, ofValues] : {std::pair(true, false), {false, true}, {true, true}})
      assignments.push_back({&mode, ofKeys, ofValues});
  }
  CacheSensitivities result;
  size_t done = 0;
  for (size_t begin = 0; begin < assignments.size(); begin += measurement.capacity())
    measurement.measure(
        std::span(assignments)
            .subspan(begin, std::min(measurement.capacity(), assignments.size() - begin)),
        result, [&] { progress(++done, assignments.size()); });
  return result;
}
