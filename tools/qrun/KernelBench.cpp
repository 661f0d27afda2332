//===- KernelBench.cpp - kernels one by one -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/KernelBench.h"

#include "runtime/check/GroupRun.h"
#include "runtime/formats/Error.h"
#include <algorithm>
#include <chrono>

using namespace qopt;

static double countCacheBytes(const PlanTarget &target, const CacheArgument &argument,
                              const CheckStep &step) {
  const PlanCache &cache = target.caches[argument.cache];
  const double pages = double(step.numPages);
  return pages * double(cache.kvHeads) * double(cache.pool(argument.part).blockBytes);
}

/// Adds what one launch moves and computes.
static void addCost(const Artifact &artifact, const PlanTarget &target, const PlanLaunch &launch,
                    const CheckStep &step, KernelBenchResult &result) {
  const double rows = double(step.shape.rows);
  double matrix = 0; // Elements of the largest weight; others are biases and norms.
  for (const PlanArgument &argument : launch.arguments) {
    if (auto *slot = std::get_if<SlotArgument>(&argument)) {
      result.bytes += rows * double(slot->columns) * double(byteSize(slot->type));
    } else if (auto *cache = std::get_if<CacheArgument>(&argument)) {
      result.bytes += countCacheBytes(target, *cache, step);
    } else if (auto *input = std::get_if<StepInput>(&argument);
               input && *input == StepInput::Logits) {
      result.bytes += rows * double(target.prefillHead.result.columns) * sizeof(float);
    } else if (auto *weight = std::get_if<WeightArgument>(&argument)) {
      const WeightView &view = artifact.weight(weight->weight);
      matrix = std::max(matrix, double(view.bytes.size()) / double(byteSize(view.dtype)));
      // Of a table, some rows.
      result.bytes += launch.op == "kernel.gather"
                          ? rows * double(target.prefill.result.columns * 2)
                          : double(view.bytes.size());
    }
  }
  if (launch.op == "kernel.matmul")
    result.flops += 2 * rows * matrix;
}

/// Seconds of one run, the best of several batches of them.
static double timeRuns(GroupRun &run) {
  using Clock = std::chrono::steady_clock;
  auto secondsOf = [&](int64_t runs) {
    auto start = Clock::now();
    for (int64_t i = 0; i < runs; ++i)
      run.run();
    run.wait();
    return std::chrono::duration<double>(Clock::now() - start).count() / double(runs);
  };
  secondsOf(1); // Launches, records,
  double once = secondsOf(1);
  once = secondsOf(1); // and is as fast as later.
  int64_t runs = std::clamp(int64_t(0.005 / once), int64_t(1), int64_t(1000));
  double best = once;
  for (int pass = 0; pass < 3; ++pass)
    best = std::min(best, secondsOf(runs));
  return best;
}

static void benchFunction(const Artifact &artifact, Device &device, const PlanFunction &function,
                          const CheckStep &step, std::vector<KernelBenchResult> &results) {
  std::vector<std::string> kernels;
  for (const PlanLaunch &launch : function.launches)
    if (std::ranges::find(kernels, launch.kernel) == kernels.end())
      kernels.push_back(launch.kernel);
  for (const std::string &kernel : kernels) {
    std::vector<PlanLaunch> launches;
    std::ranges::copy_if(function.launches, std::back_inserter(launches),
                         [&](const PlanLaunch &launch) { return launch.kernel == kernel; });
    KernelBenchResult result{function.name, kernel, step.shape.rows, step.past,
                             int64_t(launches.size())};
    for (const PlanLaunch &launch : launches)
      addCost(artifact, device.target(), launch, step, result);
    const LaunchGroup group(function, launches);
    GroupRun run(artifact.plan(), device, group, step);
    result.seconds = timeRuns(run);
    results.push_back(std::move(result));
  }
}

std::vector<KernelBenchResult> qopt::benchKernels(const Artifact &artifact, Device &device,
                                                  const KernelBenchOptions &options) {
  std::vector<KernelBenchResult> results;
  std::mt19937 random(1);
  const PlanTarget &target = device.target();
  for (const PlanFunction *function : target.functions()) {
    bool isHead = function == &target.prefillHead || function->name == "score";
    int64_t rows = isHead ? std::min<int64_t>(64, options.promptTokens) : options.promptTokens;
    StepShape shape{function->rows.value_or(rows), 1};
    if (shape.rows == 0)
      continue;
    std::optional<CheckStep> step =
        CheckStep::draw(artifact.plan(), shape, function->rows ? options.past : 0, random);
    if (!step)
      fail("{}: {} tokens after {} are beyond the model's context", artifact.directory(),
           shape.rows, options.past);
    benchFunction(artifact, device, *function, *step, results);
  }
  return results;
}
