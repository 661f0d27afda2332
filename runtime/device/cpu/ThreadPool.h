//===- ThreadPool.h - threads that run launches together --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H
#define QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H

#include "runtime/device/cpu/SpinBarrier.h"
#include <functional>
#include <thread>
#include <vector>

namespace qopt {

/// Persistent threads that run one task at a time together. The calling thread is worker 0.
class ThreadPool {
public:
  using Task = std::function<void(unsigned worker)>;

  /// At least one thread. Throws an Error if the system refuses.
  explicit ThreadPool(unsigned threads);
  ~ThreadPool();

  unsigned size() const { return unsigned(helpers.size()) + 1; }

  /// Runs `task` on all workers; returns when all are done. The task does not throw. Not to be
  /// called from two threads at once.
  void run(const Task &task);

  /// For use in a task, by all workers alike: waits for the others. `completion` runs once.
  template <typename Completion> void barrier(Completion &&completion) {
    sync.arriveAndWait(std::forward<Completion>(completion));
  }

private:
  void helperLoop(unsigned worker);
  void stop();

  const unsigned spins;
  SpinBarrier sync;
  const Task *task = nullptr; ///< Null tells helpers to end.
  alignas(64) std::atomic<uint32_t> epoch = 0;
  std::vector<std::jthread> helpers;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_THREADPOOL_H
