//===- ThreadPoolTest.cpp - stages and their pieces -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/ThreadPool.h"

#include "test/unit/formats/TestSupport.h"

using namespace qopt;

namespace {

/// Counts what ran, and whether anything ran before its time or with a worker that was busy.
class CountingTask : public StagedTask {
public:
  CountingTask(std::vector<uint32_t> pieces, unsigned workers) : isBusy(workers) {
    for (uint32_t count : pieces)
      runs.emplace_back(count);
  }

  uint32_t numStages() const override { return uint32_t(runs.size()); }
  uint32_t numPieces(uint32_t stage) const override { return uint32_t(runs[stage].size()); }

  void runPiece(uint32_t stage, uint32_t piece, unsigned worker) override {
    if (worker >= isBusy.size() || isBusy[worker].exchange(true))
      failures++;
    // The stage before must be complete, and visible without synchronization of its own.
    if (stage > 0)
      for (int count : runs[stage - 1])
        failures += count != rounds;
    ++runs[stage][piece];
    isBusy[worker] = false;
  }

  std::vector<std::vector<int>> runs;
  std::vector<std::atomic<bool>> isBusy;
  std::atomic<int> failures = 0;
  int rounds = 0;
};

} // namespace

TEST(ThreadPool, EveryPieceRunsOnceAndStagesFollowEachOther) {
  for (unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    CountingTask task({1, 7, 100, 1, 1, 40}, threads);
    for (task.rounds = 1; task.rounds <= 300; ++task.rounds) {
      pool.run(task);
      for (const std::vector<int> &stage : task.runs)
        EXPECT_EQ(stage, std::vector<int>(stage.size(), task.rounds));
    }
    EXPECT_EQ(task.failures, 0);
  }
}

TEST(ThreadPool, TasksMayBeEmpty) {
  ThreadPool pool(2);
  CountingTask task({}, 2);
  pool.run(task);
}

TEST(ThreadPool, TasksMayGoAwayAfterTheirRun) {
  ThreadPool pool(4);
  for (int i = 0; i < 2000; ++i) {
    auto task = std::make_unique<CountingTask>(std::vector<uint32_t>{3, 1}, 4);
    task->rounds = 1;
    pool.run(*task);
    EXPECT_EQ(task->failures, 0);
  }
}
