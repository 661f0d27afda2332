//===- ThreadPool.h - threads that share work in stages ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H
#define QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace qopt {

/// Work in stages, each of which begins when the one before is done. A stage is cut into pieces
/// that can run in any order, by any worker, at the same time.
class StagedTask {
public:
  virtual ~StagedTask() = default;
  virtual uint32_t numStages() const = 0;               ///< At most ThreadPool::maxStages.
  virtual uint32_t numPieces(uint32_t stage) const = 0; ///< 1 to ThreadPool::maxPieces.
  /// Runs one piece. `worker` is below the pool's size, and no other piece has it at this time.
  /// Does not throw.
  virtual void runPiece(uint32_t stage, uint32_t piece, unsigned worker) = 0;
};

/// Persistent threads that run one task at a time together. The calling thread is worker 0. None
/// waits for a thread that has nothing in hand: if the system is busy elsewhere and wakes a thread
/// late, the others do its work.
class ThreadPool {
public:
  static constexpr uint32_t maxStages = (1 << 20) - 1;
  static constexpr uint32_t maxPieces = (1 << 16) - 1;

  /// At least one thread. Throws an Error if the system refuses.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();

  unsigned size() const { return unsigned(helpers.size()) + 1; }

  /// Runs a task; returns when it is done. Not to be called from two threads at once.
  void run(StagedTask &newTask);

private:
  void work(unsigned worker);
  void publish(uint32_t stage);
  void stop();

  const unsigned spins;
  StagedTask *task = nullptr;
  uint64_t generation = 0; ///< Counts runs, so that no ticket comes twice.
  /// The run, its current stage and how many of the stage's pieces nobody has taken yet: who counts
  /// that down has got a piece. The task is only touched with a piece in hand.
  alignas(64) std::atomic<uint64_t> ticket;
  /// Pieces of the current stage that are done. Who does the last publishes the next stage.
  alignas(64) std::atomic<uint32_t> done = 0;
  /// Changes with every new stage; what waiting threads look at.
  alignas(64) std::atomic<uint32_t> phase = 0;
  std::atomic<bool> stopping = false;
  std::vector<std::jthread> helpers;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H
