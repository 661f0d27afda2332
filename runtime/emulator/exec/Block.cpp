//===- Block.cpp - one block while it runs --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Block.h"

#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

static constexpr size_t kCacheLine = 64;
static constexpr size_t kWarpsOfGroup = 4; ///< that execute wgmma together

static size_t roundUpToLine(size_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

Block::Block(const Launch &launch, unsigned core) : launch(launch), mbarriers(shared), core(core) {
  unsigned count = (launch.threads() + kWarpSize - 1) / kWarpSize;
  shared.configure(launch.sharedBytes(), launch.program.sharedGranule, count);
  local.resize(size_t(count) * kWarpSize * launch.program.localBytes);
  size_t bytes = roundUpToLine(launch.program.registerBytes);
  registerStorage.reset(new std::byte[count * bytes + kCacheLine]);
  auto first = roundUpToLine(reinterpret_cast<size_t>(registerStorage.get()));
  for (unsigned i = 0; i < count; ++i)
    warps.emplace_back(*this, i).configure(reinterpret_cast<std::byte *>(first + i * bytes));
}

uint32_t Block::specialValue(SpecialRegister name, unsigned thread) const {
  using enum SpecialRegister;
  unsigned lane = thread % kWarpSize;
  switch (name) {
  case TidX:
    return thread % launch.block[0];
  case TidY:
    return thread / launch.block[0] % launch.block[1];
  case TidZ:
    return thread / (launch.block[0] * launch.block[1]);
  case NtidX:
  case NtidY:
  case NtidZ:
    return launch.block[size_t(name) - size_t(NtidX)];
  case CtaidX:
  case CtaidY:
  case CtaidZ:
    return index[size_t(name) - size_t(CtaidX)];
  case NctaidX:
  case NctaidY:
  case NctaidZ:
    return launch.grid[size_t(name) - size_t(NctaidX)];
  case LaneId:
    return lane;
  case WarpId:
    return thread / kWarpSize;
  case NwarpId:
    return uint32_t(warps.size());
  case SmId:
    return core;
  case LaneMaskEq:
    return 1u << lane;
  case LaneMaskLe:
    return (2u << lane) - 1;
  case LaneMaskLt:
    return (1u << lane) - 1;
  case LaneMaskGe:
    return ~((1u << lane) - 1);
  case LaneMaskGt:
    return ~((2u << lane) - 1);
  case DynamicSharedSize:
    return launch.dynamicShared;
  case TotalSharedSize:
    return launch.sharedBytes();
  case Clock:
  case Clock64:
  case GlobalTimer:
    break;
  }
  return 0;
}

void Block::run(const Extent &newIndex) {
  index = newIndex;
  shared.beginBlock();
  mbarriers.beginBlock();
  barriers.fill({});
  for (Warp &warp : warps)
    warp.begin();
  runWarps();
  checkWarpgroups();
  if (const Mbarriers::Copy *copy = mbarriers.unfinished()) {
    Warp &warp = warps[copy->thread.warp];
    warp.current = copy->instruction;
    report({FaultKind::Race, copy->thread.lane, "is under way when the block ends"}, warp);
  }
}

void Block::runWarps() {
  uint64_t limit = statistics.warpInstructions + launch.instructionLimit * warps.size();
  bool allDone = false;
  while (!allDone) {
    allDone = true;
    bool progress = false;
    for (Warp &warp : warps) {
      try {
        progress |= warp.run();
        if (statistics.warpInstructions > limit)
          raise(FaultKind::Timeout, 0,
                "runs still after {} instructions of the block; is the loop endless?",
                launch.instructionLimit * warps.size());
      } catch (const Fault &fault) {
        report(fault, warp);
      }
      allDone &= warp.isDone();
    }
    if (!allDone && !progress)
      raiseDeadlock();
  }
}

/// The four warps of a group execute each wgmma together.
void Block::checkWarpgroups() {
  for (size_t first = 0; first < warps.size(); first += kWarpsOfGroup) {
    size_t end = std::min(first + kWarpsOfGroup, warps.size());
    auto byNumber = [](const Warp &a, const Warp &b) {
      return a.products.numBegun() < b.products.numBegun();
    };
    auto [fewest, most] = std::minmax_element(warps.begin() + ptrdiff_t(first),
                                              warps.begin() + ptrdiff_t(end), byNumber);
    bool isWhole = end - first == kWarpsOfGroup;
    if (most->products.numBegun() == (isWhole ? fewest->products.numBegun() : 0))
      continue;
    most->current = most->products.lastBegun();
    std::string what =
        isWhole ? fmt::format("and others are executed {} times, by warp {} of the group {} times",
                              most->products.numBegun(), fewest->index % kWarpsOfGroup,
                              fewest->products.numBegun())
                : fmt::format("is executed by a group of {} warps, not 4", end - first);
    report({FaultKind::Divergence, 0, what}, *most);
  }
}

void Block::arrive(unsigned barrier, uint32_t threads, uint32_t expected, unsigned lane) {
  Barrier &state = barriers[barrier];
  if (state.arrived != 0 && state.expected != expected)
    raise(FaultKind::Divergence, lane,
          "expects {} threads at barrier {}, at which others expect {}", expected, barrier,
          state.expected);
  state.expected = expected;
  state.arrived += threads;
  if (state.arrived > expected)
    raise(FaultKind::Divergence, lane, "is thread {} of {} at barrier {}", state.arrived, expected,
          barrier);
  if (state.arrived < expected)
    return;
  state = {0, 0, 0, state.holding, expected};
  ++statistics.barriers;
  mbarriers.noteProgress();
  shared.synchronizeBlock();
  for (Warp &warp : warps)
    warp.releaseBarrier(barrier);
}

std::string Block::describeThread(unsigned thread) const {
  return fmt::format("({},{},{})", specialValue(SpecialRegister::TidX, thread),
                     specialValue(SpecialRegister::TidY, thread),
                     specialValue(SpecialRegister::TidZ, thread));
}

void Block::report(const Fault &fault, const Warp &warp) {
  const ptx::Module &module = *launch.program.module;
  const ptx::Instruction *origin = warp.current->origin;
  std::string source;
  if (auto file = module.files.find(origin->location.file); file != module.files.end())
    source = fmt::format(" ({}:{}:{})", quote(file->second), origin->location.line,
                         origin->location.column);
  std::string op = launch.location.empty() ? "" : fmt::format(" of {}", quote(launch.location));
  throw LaunchError(
      fault.kind, fmt::format("kernel {}{}, block ({},{},{}), thread {}: {}:{}{}: {} {}",
                              quote(launch.program.kernel->name), op, index[0], index[1], index[2],
                              describeThread(warp.index * kWarpSize + fault.lane), module.fileName,
                              origin->line, source, quoteInstruction(*origin), fault.what));
}

/// Nobody can go on: tells about the first warp that waits, and what the others do.
void Block::raiseDeadlock() {
  const Warp *waiting = nullptr;
  const Group *group = nullptr;
  uint32_t exited = 0, elsewhere = 0;
  for (const Warp &warp : warps) {
    exited += std::popcount(warp.exited);
    for (const Group &other : warp.groups) {
      if (!group) {
        waiting = &warp;
        group = &other;
      }
      elsewhere += other.pc != group->pc ? std::popcount(other.mask) : 0;
    }
  }
  Warp &first = warps[waiting->index];
  bool atBarrier = group->state == Group::State::AtBarrier; // which comes before its pc
  first.current = &launch.program.code[group->pc - atBarrier];
  exited -= uint32_t(warps.size()) * kWarpSize - launch.threads();
  std::string others = fmt::format("{} of {} threads have ended, {} wait at other instructions",
                                   exited, launch.threads(), elsewhere);
  std::string what =
      atBarrier
          ? fmt::format("waits forever at barrier {}, to which {} of {} threads have come: {}",
                        group->barrier, barriers[group->barrier].arrived,
                        barriers[group->barrier].expected, others)
          : fmt::format("waits forever for lanes that it names; lanes {:#x} have come: {}",
                        group->mask, others);
  report({FaultKind::Divergence, firstLane(group->mask), what}, first);
}
