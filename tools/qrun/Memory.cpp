//===- Memory.cpp - qrun memory -------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"
#include "runtime/formats/Error.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>

using namespace qopt;

namespace {

struct MemoryOptions {
  std::string artifact;
  std::string target = "cpu";
  std::vector<int64_t> batches = {1};
  int64_t ctx = 0; ///< 0: the model's.
  int64_t chunk = 512;
  int64_t ways = 1; ///< Devices that share the model (--tp).
  bool json = false;
};

/// Bytes of one device.
struct MemoryNeed {
  int64_t batch;
  uint64_t weights;
  uint64_t cache;
  uint64_t activations;

  uint64_t total() const { return weights + cache + activations; }
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
                         const MemoryOptions &options, int64_t ctx, int64_t batch) {
  constexpr int64_t headRows = 64; // Rows whose logits are computed at a time.
  return {batch, deviceWeightBytes(artifact, options.ways),
          cacheBytes(artifact.plan(), target, ctx, batch, options.ways),
          slotBytes(target.prefill, options.chunk) + slotBytes(target.decode, options.chunk) +
              slotBytes(target.prefillHead, headRows) + slotBytes(target.decodeHead, headRows)};
}

static const PlanTarget &findTarget(const Plan &plan, const std::string &name,
                                    const std::string &artifact) {
  const auto &target = name == "cpu" ? plan.cpu : plan.ptx;
  if (!target)
    fail("{}: has no kernels for {}", artifact, name);
  return *target;
}

static void runMemory(const MemoryOptions &options) {
  const Artifact artifact = Artifact::open(options.artifact, 1);
  const Plan &plan = artifact.plan();
  const PlanTarget &target = findTarget(plan, options.target, options.artifact);
  const int64_t most = plan.config.maxPosition, ctx = options.ctx ? options.ctx : most;
  if (ctx > most)
    fail("--ctx {} is beyond the {} tokens of context of {}", ctx, most, options.artifact);
  Json json = Json::array();
  if (!options.json)
    std::printf("%s on %lld x %s, %lld tokens of context each; MB of one device\n"
                "%6s  %10s  %10s  %12s  %10s\n",
                options.artifact.c_str(), (long long)options.ways, options.target.c_str(),
                (long long)ctx, "batch", "weights", "cache", "activations", "total");
  for (int64_t batch : options.batches) {
    const MemoryNeed need = needOf(artifact, target, options, ctx, batch);
    json.push_back({{"batch", batch},
                    {"tp", options.ways},
                    {"ctx", ctx},
                    {"weight_bytes", need.weights},
                    {"cache_bytes", need.cache},
                    {"activation_bytes", need.activations},
                    {"total_bytes", need.total()}});
    if (!options.json)
      std::printf("%6lld  %10.2f  %10.2f  %12.2f  %10.2f\n", (long long)batch,
                  double(need.weights) / 1e6, double(need.cache) / 1e6,
                  double(need.activations) / 1e6, double(need.total()) / 1e6);
  }
  if (options.json)
    std::printf("%s\n", json.dump(2).c_str());
}

void qopt::addMemoryCommand(CLI::App &app) {
  auto options = std::make_shared<MemoryOptions>();
  CLI::App *command =
      app.add_subcommand("memory", "Predict the memory that a model takes, without running it");
  command->add_option("artifact", options->artifact, "The artifact: X.qmod")->required();
  command->add_option("--target", options->target, "cpu or ptx")
      ->check(CLI::IsMember({"cpu", "ptx"}))
      ->capture_default_str();
  command->add_option("-b,--batch", options->batches, "Sequences; several, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("-c,--ctx", options->ctx, "Tokens of each (default: the model's context)")
      ->check(CLI::PositiveNumber);
  command->add_option("--chunk", options->chunk, "Rows of one step at most")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--tp", options->ways, "Devices that the model is cut over")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "Print JSON");
  command->footer("Example: qrun memory model.qmod --target ptx -b 1,16,64 --ctx 4096 --tp 2");
  command->callback([options] { runMemory(*options); });
}
