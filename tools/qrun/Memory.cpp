//===- Memory.cpp - qrun memory -------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"
#include "runtime/formats/Error.h"
#include "runtime/session/Session.h"
#include "tools/qrun/MeasureMemory.h"
#include "tools/qrun/PositiveNumber.h"
#include "tools/qrun/RunTool.h"
#include "tools/qrun/ScratchFolder.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fmt/format.h>
#include <unistd.h>

using namespace qopt;

namespace {

struct MemoryOptions {
  std::vector<std::string> artifacts;
  std::string target = "cpu";
  std::vector<int64_t> batches = {1};
  std::vector<int64_t> contexts; ///< Empty: the model's.
  double gigabytes = 0;          ///< Of a device; 0: those of this machine.
  int64_t chunk = 512;
  int64_t ways = 1; ///< Devices that share the model (--tp).
  bool measures = false;
  bool json = false;
};

/// Bytes of one device.
struct MemoryNeed {
  int64_t context;
  int64_t batch;
  uint64_t weights;
  uint64_t cache;
  uint64_t activations;
  std::optional<MeasuredMemory> measured;

  uint64_t total() const { return weights + cache + activations; }
};

/// What one artifact takes.
struct ArtifactMemory {
  std::string artifact;
  std::vector<MemoryNeed> needs;
  int64_t tokensThatFit; ///< In the caches of all sequences.
};

} // namespace

static uint64_t divided(uint64_t bytes, int64_t ways) {
  return (bytes + uint64_t(ways) - 1) / uint64_t(ways);
}

/// Whole pages of every cache, for every sequence. Heads are dealt out to the devices.
static uint64_t cacheBytes(const Plan &plan, const PlanTarget &target, int64_t ctx, int64_t batch,
                           int64_t ways) {
  const uint64_t pages = uint64_t((ctx + plan.pageTokens - 1) / plan.pageTokens * batch);
  uint64_t bytes = 0;
  for (const PlanCache &cache : target.caches) {
    const uint64_t heads = divided(uint64_t(cache.kvHeads), ways);
    bytes += pages * heads * uint64_t(cache.key.blockBytes + cache.value.blockBytes);
    bytes += uint64_t(batch) * heads * uint64_t(cache.key.windowBytes + cache.value.windowBytes);
  }
  return bytes;
}

/// The slots of a step, which every device has whole: rows are not dealt out.
static uint64_t slotBytes(const PlanFunction &function, int64_t rows) {
  uint64_t bytes = 0;
  for (const PlanSlot &slot : function.slots)
    bytes += uint64_t(slot.size(function.rows.value_or(rows)));
  return bytes;
}

/// Of a device among `ways`: matrices are cut, norms and what else is small are whole on each.
static uint64_t deviceWeightBytes(const Artifact &artifact, int64_t ways) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < artifact.plan().weights.size(); ++i) {
    const uint64_t size = artifact.weight(i).bytes.size();
    bytes += artifact.plan().weights[i].shape.size() > 1 ? divided(size, ways) : size;
  }
  return bytes;
}

static MemoryNeed needOf(const Artifact &artifact, const PlanTarget &target,
                         const MemoryOptions &options, int64_t context, int64_t batch) {
  constexpr int64_t headRows = Session::maxHeadRows;
  return {context,
          batch,
          deviceWeightBytes(artifact, options.ways),
          cacheBytes(artifact.plan(), target, context, batch, options.ways),
          slotBytes(target.prefill, options.chunk) + slotBytes(target.decode, options.chunk) +
              slotBytes(target.prefillHead, headRows) + slotBytes(target.decodeHead, headRows) +
              // Behind each of the two heads.
              (target.score ? 2 * slotBytes(*target.score, headRows) : 0),
          options.measures
              ? std::optional(measureMemory(artifact.directory(), context, batch, options.chunk))
              : std::nullopt};
}

/// What is left beside weights and activations, in whole pages.
static int64_t tokensThatFit(const Plan &plan, const PlanTarget &target, const MemoryNeed &need,
                             const MemoryOptions &options) {
  const double left = options.gigabytes * 1e9 - double(need.weights + need.activations);
  const uint64_t page = cacheBytes(plan, target, plan.pageTokens, 1, options.ways);
  return left < 0 || page == 0 ? 0 : int64_t(left / double(page)) * plan.pageTokens;
}

static const PlanTarget &findTarget(const Plan &plan, const std::string &name,
                                    const std::string &artifact) {
  const auto &target = name == "cpu" ? plan.cpu : plan.ptx;
  if (!target)
    fail("{}: has no kernels for {}", artifact, name);
  return *target;
}

/// Whether it is a checkpoint or IR, which is compiled as it is for the answer.
static bool isModel(const std::string &path) {
  std::error_code error;
  return std::filesystem::is_regular_file(path, error) ||
         std::filesystem::exists(std::filesystem::path(path) / "config.json", error);
}

static ArtifactMemory memoryOf(const std::string &path, const MemoryOptions &options) {
  std::optional<ScratchFolder> folder;
  std::string compiled = path;
  if (isModel(path)) {
    compiled = folder.emplace("memory").file("model.qmod");
    compileModel(path, {}, "targets=" + options.target, compiled);
  }
  const Artifact artifact = Artifact::open(compiled, 1);
  const Plan &plan = artifact.plan();
  const PlanTarget &target = findTarget(plan, options.target, path);
  if (plan.config.numHeads % options.ways != 0)
    fail("--tp {}: {} has {} attention heads, which so many devices cannot share evenly",
         options.ways, path, plan.config.numHeads);
  const int64_t most = plan.config.maxPosition;
  ArtifactMemory memory{path, {}, 0};
  for (int64_t context : options.contexts.empty() ? std::vector{most} : options.contexts) {
    if (context > most)
      fail("--ctx {} is beyond the {} tokens of context of {}", context, most, path);
    for (int64_t batch : options.batches)
      memory.needs.push_back(needOf(artifact, target, options, context, batch));
  }
  memory.tokensThatFit = tokensThatFit(plan, target, memory.needs.front(), options);
  return memory;
}

static Json toJson(const ArtifactMemory &memory, const MemoryOptions &options) {
  Json json = Json::array();
  for (const MemoryNeed &need : memory.needs) {
    json.push_back({{"artifact", memory.artifact},
                    {"batch", need.batch},
                    {"tp", options.ways},
                    {"ctx", need.context},
                    {"weight_bytes", need.weights},
                    {"cache_bytes", need.cache},
                    {"activation_bytes", need.activations},
                    {"total_bytes", need.total()},
                    {"tokens_that_fit", memory.tokensThatFit}});
    if (need.measured)
      json.back()["measured"] = {{"weight_bytes", need.measured->weights},
                                 {"cache_bytes", need.measured->cache},
                                 {"activation_bytes", need.measured->activations},
                                 {"total_bytes", need.measured->total()}};
  }
  return json;
}

static std::string toText(const ArtifactMemory &memory, size_t width) {
  std::string text;
  for (const MemoryNeed &need : memory.needs) {
    text +=
        fmt::format("{:<{}}  {:>8}  {:>6}  {:>10.2f}  {:>10.2f}  {:>11.2f}  {:>10.2f}  {:>10}\n",
                    memory.artifact, width, need.context, need.batch, double(need.weights) / 1e6,
                    double(need.cache) / 1e6, double(need.activations) / 1e6,
                    double(need.total()) / 1e6, memory.tokensThatFit);
    if (need.measured)
      text += fmt::format(
          "{:<{}}  {:>8}  {:>6}  {:>10.2f}  {:>10.2f}  {:>11.2f}  {:>10.2f}\n", "  measured", width,
          "", "", double(need.measured->weights) / 1e6, double(need.measured->cache) / 1e6,
          double(need.measured->activations) / 1e6, double(need.measured->total()) / 1e6);
  }
  return text;
}

static double physicalGigabytes() {
  return double(sysconf(_SC_PHYS_PAGES)) * double(sysconf(_SC_PAGESIZE)) / 1e9;
}

static void runMemory(MemoryOptions options) {
  if (options.measures && (options.target != "cpu" || options.ways != 1))
    fail("--measure runs the model on this machine's CPU: not with --target {} --tp {}",
         options.target, options.ways);
  if (options.gigabytes == 0)
    options.gigabytes = physicalGigabytes();
  std::vector<ArtifactMemory> memories;
  size_t width = 8;
  for (const std::string &path : options.artifacts) {
    memories.push_back(memoryOf(path, options));
    width = std::max(width, path.size());
  }
  Json json = Json::array();
  std::string text =
      fmt::format("MB of one device, {} x {}; tokens that fit into {:.1f} GB\n"
                  "{:<{}}  {:>8}  {:>6}  {:>10}  {:>10}  {:>11}  {:>10}  {:>10}\n",
                  options.ways, options.target, options.gigabytes, "artifact", width, "context",
                  "batch", "weights", "cache", "activations", "total", "tokens");
  for (const ArtifactMemory &memory : memories) {
    for (const Json &need : toJson(memory, options))
      json.push_back(need);
    text += toText(memory, width);
  }
  std::fputs(options.json ? (json.dump(2) + "\n").c_str() : text.c_str(), stdout);
}

void qopt::addMemoryCommand(CLI::App &app) {
  auto options = std::make_shared<MemoryOptions>();
  CLI::App *command = app.add_subcommand(
      "memory", "Predict the memory that a model takes, without running it, or measure it");
  command
      ->add_option("artifacts", options->artifacts,
                   "Artifacts, X.qmod ..., or checkpoints, which are compiled as they are")
      ->required();
  command->add_option("--target", options->target, "cpu or ptx")
      ->check(CLI::IsMember({"cpu", "ptx"}))
      ->capture_default_str();
  command->add_option("-b,--batch", options->batches, "Sequences; several, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("-c,--ctx,--context", options->contexts,
                   "Tokens of each, likewise (default: the model's context)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(positiveNumber);
  command
      ->add_option("--memory", options->gigabytes,
                   "GB of a device, for the tokens that fit (default: those of this machine)")
      ->check(positiveNumber);
  command->add_option("--chunk", options->chunk, "Rows of one step at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--tp", options->ways, "Devices that the model is cut over")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--measure", options->measures,
                    "Run each on the CPU, too, and say what became resident");
  command->add_flag("--json", options->json, "Print JSON");
  command->footer("Example: qrun memory model.qmod kv8.qmod --target ptx -b 1,16,64 --ctx "
                  "2048,4096 --memory 80 --tp 2\n"
                  "Checkpoints are compiled with the qopt beside qrun, or on the PATH.");
  command->callback([options] { runMemory(*options); });
}
