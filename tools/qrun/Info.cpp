//===- Info.cpp - qrun info -----------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"
#include "runtime/device/cpu/CpuFeatures.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/ranges.h>

using namespace qopt;

namespace {

struct InfoOptions {
  std::string artifact;
  bool json = false;
};

/// Bytes of weights by where they come from.
struct WeightSizes {
  uint64_t stored = 0;
  uint64_t generated = 0;
};

} // namespace

static WeightSizes weightSizes(const Artifact &artifact) {
  WeightSizes sizes;
  for (size_t i = 0; i < artifact.plan().weights.size(); ++i)
    (artifact.plan().weights[i].generated ? sizes.generated : sizes.stored) +=
        artifact.weight(i).bytes.size();
  return sizes;
}

/// Bits of storage for each parameter of the model, scales and whatever else is stored included.
static double bitsPerWeight(const Artifact &artifact, const WeightSizes &sizes) {
  return 8 * double(sizes.stored + sizes.generated) / double(numParameters(artifact.plan().config));
}

static int64_t cacheBytesPerToken(const Plan &plan, const PlanTarget &target) {
  int64_t page = 0;
  for (const PlanCache &cache : target.caches)
    page += cache.kvHeads * (cache.key.blockBytes + cache.value.blockBytes);
  return page / plan.pageTokens;
}

static bool canRun(const PlanModule &module) {
  for (const std::string &feature : module.required)
    if (cpuFeature(feature) != FeatureState::Present)
      return false;
  return true;
}

static Json describe(const Plan &plan, const PlanTarget &target, bool isCpu) {
  Json json = {{"prefill_launches", target.prefill.launches.size()},
               {"decode_launches", target.decode.launches.size()},
               {"cache_bytes_per_token", cacheBytesPerToken(plan, target)}};
  for (const PlanModule &module : target.modules) {
    Json entry = {{"file", module.file}, {isCpu ? "level" : "chip", module.level}};
    if (isCpu) {
      entry["requires"] = module.required;
      entry["runs_here"] = canRun(module);
    }
    json["modules"].push_back(entry);
  }
  return json;
}

static Json describe(const Artifact &artifact) {
  const Plan &plan = artifact.plan();
  WeightSizes sizes = weightSizes(artifact);
  Json json = {{"artifact", artifact.directory()},
               {"compiler", plan.compiler},
               {"version", planVersion},
               {"recipe", plan.recipe},
               {"config", toJson(plan.config)},
               {"generation", toJson(plan.generation)},
               {"stored_weight_bytes", sizes.stored},
               {"random_weight_bytes", sizes.generated},
               {"bits_per_weight", bitsPerWeight(artifact, sizes)}};
  if (plan.cpu)
    json["targets"]["cpu"] = describe(plan, *plan.cpu, true);
  if (plan.ptx)
    json["targets"]["ptx"] = describe(plan, *plan.ptx, false);
  return json;
}

static std::string modelLine(const ModelConfig &config) {
  return fmt::format("{}, {} layers, hidden {}, {} heads of {} ({} KV), mlp {}, vocabulary {}, "
                     "context {}",
                     toString(config.family), config.numLayers, config.hiddenSize, config.numHeads,
                     config.headDim, config.numKvHeads, config.intermediateSize, config.vocabSize,
                     config.maxPosition);
}

static std::string targetLines(const Plan &plan, const PlanTarget &target, bool isCpu) {
  std::string text;
  for (const PlanModule &module : target.modules) {
    text += fmt::format("{:<9}{} for {}", isCpu ? "cpu" : "ptx", module.file, module.level);
    if (isCpu)
      text += fmt::format(" (needs {}; {})", fmt::join(module.required, ", "),
                          canRun(module) ? "runs here" : "does not run here");
    text += "\n";
  }
  return text + fmt::format("         {} launches to decode, {} bytes of cache a token\n",
                            target.decode.launches.size() + target.decodeHead.launches.size(),
                            cacheBytesPerToken(plan, target));
}

static void runInfo(const InfoOptions &options) {
  Artifact artifact = Artifact::inspect(options.artifact);
  const Plan &plan = artifact.plan();
  if (options.json) {
    std::printf("%s\n", describe(artifact).dump(2).c_str());
    return;
  }
  WeightSizes sizes = weightSizes(artifact);
  std::string text =
      fmt::format("artifact {}, version {}\ncompiler {}\nmodel    {}\n", artifact.directory(),
                  planVersion, plan.compiler, modelLine(plan.config));
  text += fmt::format("recipe   {}\nweights  {:.1f} MB stored", plan.recipe,
                      double(sizes.stored) / 1e6);
  if (sizes.generated)
    text += fmt::format(", {:.1f} MB random", double(sizes.generated) / 1e6);
  text += fmt::format(", {:.2f} bits a weight\n", bitsPerWeight(artifact, sizes));
  if (plan.cpu)
    text += targetLines(plan, *plan.cpu, true);
  if (plan.ptx)
    text += targetLines(plan, *plan.ptx, false);
  std::fputs(text.c_str(), stdout);
}

void qopt::addInfoCommand(CLI::App &app) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App *command = app.add_subcommand("info", "Print what an artifact holds");
  command->add_option("artifact", options->artifact, "The artifact: X.qmod")->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer("Example: qrun info tiny.qmod");
  command->callback([options] { runInfo(*options); });
}
