//===- BlockCount.cpp - what the first block of a launch does -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/BlockCount.h"

#include "runtime/emulator/exec/Launch.h"
#include "runtime/emulator/exec/TensorMap.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

/// Pages of each sequence; all are the cache's first.
static constexpr int64_t kMaxPages = 8;
/// More than any index array, rotary table or row of hidden states needs. What is not touched takes
/// no memory of the host.
static constexpr uint64_t kInputBytes = uint64_t(1) << 26;
/// More than index arrays have for a row.
static constexpr int64_t kElementsPerRow = 1024;
/// More than the padding of a weight's rows.
static constexpr uint64_t kPadding = uint64_t(1) << 20;

namespace {

class ZeroBuffers {
public:
  ZeroBuffers(const Artifact &artifact, const PlanFunction &function, DeviceMemory &memory,
              const StepShape &shape)
      : artifact(artifact), function(function), memory(memory), shape(shape) {}
  ~ZeroBuffers() {
    for (uint64_t address : addresses)
      memory.release(address);
  }

  /// The word that a kernel gets for the argument.
  uint64_t word(const PlanArgument &argument) {
    return std::visit([&](const auto &kind) { return resolve(kind); }, argument);
  }

private:
  uint64_t allocate(uint64_t bytes) {
    uint64_t address = memory.allocate(bytes);
    if (address == 0)
      fail("{} bytes are more than are free", bytes);
    addresses.push_back(address);
    return address;
  }
  template <typename Function> uint64_t fill(int64_t count, Function value) {
    uint64_t address = allocate(uint64_t(count) * 4);
    std::byte *host = memory.find(address, 0)->host;
    for (int64_t i = 0; i < count; ++i) {
      auto element = int32_t(value(i));
      memcpy(host + 4 * i, &element, 4);
    }
    return address;
  }

  uint64_t resolve(const SlotArgument &slot) {
    return allocate(uint64_t(function.slots[slot.slot].size(shape.rows)));
  }
  /// As bf16 or f32, and with padded rows.
  uint64_t resolve(const WeightArgument &argument) {
    const WeightView &weight = artifact.weight(argument.weight);
    uint64_t elements = 1;
    for (int64_t size : weight.shape)
      elements *= uint64_t(size);
    return allocate(std::max(4 * elements, weight.bytes.size()) + kPadding);
  }
  uint64_t resolve(const CacheArgument &argument) {
    const PlanCache &cache = artifact.plan().ptx->caches[argument.cache];
    const PlanCachePool &pool = cache.pool(argument.part);
    const int64_t bytes = argument.isWindow ? pool.windowBytes * shape.sequences : pool.blockBytes;
    return allocate(uint64_t(cache.kvHeads * bytes));
  }
  uint64_t resolve(StepInput input) {
    int64_t rowsOfSequence = shape.rows / shape.sequences;
    switch (input) {
    case StepInput::Hidden:
    case StepInput::RopeTable:
      return allocate(kInputBytes);
    case StepInput::SeqStart:
      return fill(shape.sequences + 1, [&](int64_t i) { return i * rowsOfSequence; });
    case StepInput::Past:
      return fill(shape.sequences, [](int64_t) { return kCountedPast; });
    case StepInput::TokenSeq:
      return fill(shape.rows, [&](int64_t i) { return i / rowsOfSequence; });
    case StepInput::TokenPos:
      return fill(shape.rows, [&](int64_t i) { return kCountedPast + i % rowsOfSequence; });
    case StepInput::PageTable:
      return fill(shape.sequences * kMaxPages, [](int64_t) { return 0; });
    default:
      return fill(shape.rows * kElementsPerRow, [](int64_t) { return 0; });
    }
  }
  uint64_t resolve(StepScalar scalar) {
    switch (scalar) {
    case StepScalar::Rows:
      return uint64_t(shape.rows);
    case StepScalar::Sequences:
      return uint64_t(shape.sequences);
    case StepScalar::MaxPages:
      break;
    }
    return kMaxPages;
  }

  const Artifact &artifact;
  const PlanFunction &function;
  DeviceMemory &memory;
  const StepShape shape;
  std::vector<uint64_t> addresses;
};

} // namespace

/// As cuTensorMapEncodeTiled would describe it.
static TensorMap describe(const PlanTensorMap &plan, uint64_t address, const StepShape &shape) {
  TensorMap map;
  map.address = address;
  map.elementBytes = 2;
  map.rank = uint8_t(plan.sizes.size());
  map.swizzleBits = 3;
  for (size_t i = 0; i < plan.sizes.size(); ++i) {
    map.sizes[i] = uint64_t(plan.sizes[i].evaluate(shape));
    map.strides[i] = i == 0 ? map.elementBytes : uint64_t(plan.strides[i - 1]);
    map.box[i] = uint16_t(plan.box[i]);
  }
  return map;
}

Statistics qopt::countFirstBlock(const Artifact &artifact, const PlanFunction &function,
                                 const PlanLaunch &launch, const PlanKernelLaunch &how,
                                 const Program &program, DeviceMemory &memory,
                                 const StepShape &shape) {
  if (launch.arguments.size() != program.parameters.size())
    fail("kernel {} takes {} arguments, of which the plan has {}", quote(launch.kernel),
         program.parameters.size(), launch.arguments.size());
  ZeroBuffers buffers(artifact, function, memory, shape);
  std::vector<std::byte> parameters(program.parameterBytes);
  for (size_t i = 0; i < launch.arguments.size(); ++i) {
    uint64_t word = buffers.word(launch.arguments[i]);
    const Program::Parameter &parameter = program.parameters[i];
    auto map = std::ranges::find(how.tensorMaps, i, &PlanTensorMap::argument);
    if (map != how.tensorMaps.end() && parameter.size == TensorMap::kBytes) {
      auto bytes = describe(*map, word, shape).encode();
      memcpy(parameters.data() + parameter.offset, bytes.data(), bytes.size());
      continue;
    }
    if (parameter.size != sizeof(word))
      fail("kernel {}: parameter {} has {} bytes, not 8", quote(launch.kernel), i, parameter.size);
    memcpy(parameters.data() + parameter.offset, &word, sizeof(word));
  }
  Extent grid = {1, 1, 1};
  for (size_t i = 0; i < how.grid.size(); ++i)
    grid[i] = uint32_t(how.grid[i].evaluate(shape));
  Launch run = {program,    grid,   {uint32_t(how.block), 1, 1}, uint32_t(how.shared),
                parameters, memory, /*countAccesses=*/true};
  run.maxBlocks = 1;
  return Launcher(1).run(run);
}
