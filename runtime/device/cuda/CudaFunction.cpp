//===- CudaFunction.cpp - a function of the plan on a GPU -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/CudaFunction.h"

#include <algorithm>
#include <array>

using namespace qopt;

/// Graphs kept for one function; the least recently used goes.
static constexpr size_t maxKnown = 64;

CudaFunction::CudaFunction(const CudaContext &context, const CudaModule &module,
                           const DeviceWeights &weights, const PlanFunction &function,
                           const Bindings &bindings)
    : context(context), function(function), overlaps(module.overlaps()) {
  auto addressOf = [&](const WeightArgument &weight) { return weights.address(weight); };
  for (const PlanLaunch &launch : function.launches)
    launches.push_back({&launch, module.launchOf(launch), module.kernel(launch),
                        arguments.append(launch, bindings, addressOf)});
}

CudaFunction::~CudaFunction() {
  for (const Known &entry : known)
    forget(entry);
}

void CudaFunction::forget(const Known &entry) const {
  if (entry.graph)
    context.driver().graphExecDestroy(entry.graph);
}

size_t CudaFunction::numGraphs() const {
  return size_t(std::ranges::count_if(known, [](const Known &entry) { return entry.graph; }));
}

/// What a kernel gets in place of a pointer.
static CUtensorMap encode(const CudaDriver &cuda, const PlanTensorMap &map, uint64_t address,
                          const StepShape &shape) {
  std::vector<uint64_t> sizes, strides(map.strides.begin(), map.strides.end());
  for (const GridFactor &size : map.sizes)
    sizes.push_back(uint64_t(size.evaluate(shape)));
  std::vector<uint32_t> box(map.box.begin(), map.box.end()), elementStrides(box.size(), 1);
  CUtensorMap encoded;
  cuda.check(cuda.tensorMapEncodeTiled(
                 &encoded, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, uint32_t(sizes.size()),
                 reinterpret_cast<void *>(address), sizes.data(), strides.data(), box.data(),
                 elementStrides.data(), CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
                 CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
             "cannot describe a tensor of {} dimensions to the GPU", sizes.size());
  return encoded;
}

void CudaFunction::launch(const Launch &launch, const StepShape &shape) {
  const PlanLaunch &plan = *launch.plan;
  const PlanKernelLaunch &how = launch.how;
  std::array<unsigned, 3> grid = {1, 1, 1};
  for (size_t i = 0; i < how.grid.size(); ++i)
    grid[i] = unsigned(how.grid[i].evaluate(shape));
  std::vector<void *> pointers;
  for (size_t i = 0; i < plan.arguments.size(); ++i)
    pointers.push_back(arguments.at(launch.firstArgument + i));
  const CudaDriver &cuda = context.driver();
  std::vector<CUtensorMap> maps(how.tensorMaps.size());
  for (size_t i = 0; i < maps.size(); ++i) {
    size_t argument = how.tensorMaps[i].argument;
    if (argument >= pointers.size())
      fail("{} has {} arguments, none of number {} for a tensor map", describe(plan),
           pointers.size(), argument);
    maps[i] =
        encode(cuda, how.tensorMaps[i], *arguments.at(launch.firstArgument + argument), shape);
    pointers[argument] = &maps[i];
  }
  CUlaunchAttribute overlap = {CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, {}, {}};
  overlap.value.programmaticStreamSerializationAllowed = 1;
  CUlaunchConfig config = {grid[0],
                           grid[1],
                           grid[2],
                           unsigned(how.block),
                           1,
                           1,
                           unsigned(how.shared),
                           context.stream(),
                           &overlap,
                           overlaps ? 1u : 0u};
  cuda.check(cuda.launchKernelEx(&config, launch.kernel, pointers.data(), nullptr),
             "cannot launch {} on a grid of {} x {} x {}", describe(plan), grid[0], grid[1],
             grid[2]);
}

void CudaFunction::launchAll(const StepShape &shape, Mode mode) {
  const CudaDriver &cuda = context.driver();
  for (const Launch &each : launches) {
    if (mode == Mode::Recording)
      cuda.nameOp(each.plan->location);
    launch(each, shape);
    if (mode == Mode::Waiting)
      cuda.check(cuda.streamSynchronize(context.stream()), "{}", describe(*each.plan));
  }
  if (mode == Mode::Recording)
    cuda.nameOp("");
}

CUgraphExec CudaFunction::record(const StepShape &shape) {
  const CudaDriver &cuda = context.driver();
  cuda.check(cuda.streamBeginCapture(context.stream(), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
             "cannot begin to record {}", function.name);
  CUgraph graph = nullptr;
  try {
    launchAll(shape, Mode::Recording);
  } catch (...) {
    cuda.streamEndCapture(context.stream(), &graph);
    if (graph)
      cuda.graphDestroy(graph);
    throw;
  }
  cuda.check(cuda.streamEndCapture(context.stream(), &graph), "cannot record {}", function.name);
  CUgraphExec executable = nullptr;
  CUresult result = cuda.graphInstantiate(&executable, graph, 0);
  cuda.graphDestroy(graph);
  cuda.check(result, "cannot make a graph of the {} launches of {}", launches.size(),
             function.name);
  return executable;
}

void CudaFunction::run(const StepShape &shape) {
  context.makeCurrent();
  auto entry = std::ranges::find(known, shape, &Known::shape);
  if (entry == known.end()) {
    arguments.setShape(shape);
    launchAll(shape, std::exchange(isFirst, false) ? Mode::Waiting : Mode::Async);
    known.push_front({shape});
    if (known.size() > maxKnown) {
      forget(known.back());
      known.pop_back();
    }
    return;
  }
  known.splice(known.begin(), known, entry);
  if (!entry->graph) {
    arguments.setShape(shape);
    entry->graph = record(shape);
  }
  const CudaDriver &cuda = context.driver();
  cuda.check(cuda.graphLaunch(entry->graph, context.stream()), "running {} for {} rows of {}",
             function.name, shape.rows, shape.sequences);
}
