//===- Launch.cpp - running a kernel over a grid --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Launch.h"

#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/emulator/exec/Block.h"
#include "runtime/emulator/exec/Workers.h"
#include <atomic>
#include <mutex>
#include <optional>

using namespace qopt;
using namespace qopt::emulator;

Launcher::Launcher(unsigned threads) : threads(threads != 0 ? threads : availableCpus()) {}
Launcher::~Launcher() = default;

namespace {

/// What the cores share while they work on one launch.
class GridRun {
public:
  explicit GridRun(const Launch &launch)
      : launch(launch), blocks(std::min(uint64_t(launch.grid[0]) * launch.grid[1] * launch.grid[2],
                                        launch.maxBlocks)) {}

  /// Runs blocks until none is left. Does not throw.
  void work(unsigned core);
  /// Throws what went wrong first.
  Statistics finish();

private:
  const Launch &launch;
  const uint64_t blocks;
  std::atomic<uint64_t> next = 0;
  std::mutex mutex;
  Statistics statistics;
  std::exception_ptr error;
};

} // namespace

void GridRun::work(unsigned core) {
  try {
    if (next.load(std::memory_order_relaxed) >= blocks)
      return;
    Block block(launch, core);
    for (;;) {
      uint64_t i = next.fetch_add(1);
      if (i >= blocks)
        break;
      uint64_t row = i / launch.grid[0];
      block.run({uint32_t(i % launch.grid[0]), uint32_t(row % launch.grid[1]),
                 uint32_t(row / launch.grid[1])});
    }
    std::lock_guard lock(mutex);
    statistics += block.statistics;
  } catch (...) {
    next = blocks;
    std::lock_guard lock(mutex);
    if (!error)
      error = std::current_exception();
  }
}

Statistics GridRun::finish() {
  if (error)
    std::rethrow_exception(error);
  return statistics;
}

Statistics Launcher::run(const Launch &launch) {
  GridRun grid(launch);
  bool isSingle = launch.grid == Extent{1, 1, 1};
  if (threads == 1 || isSingle) {
    grid.work(0);
  } else {
    if (!workers)
      workers = std::make_unique<Workers>(threads);
    workers->run([&](unsigned worker) { grid.work(worker); });
  }
  return grid.finish();
}
