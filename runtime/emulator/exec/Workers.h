//===- Workers.h - host threads that run blocks -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_EXEC_WORKERS_H
#define QOPT_RUNTIME_EMULATOR_EXEC_WORKERS_H

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace qopt::emulator {

/// Threads that sleep between tasks. The calling thread is worker 0.
class Workers {
public:
  explicit Workers(unsigned count);
  ~Workers();

  /// Runs the task, which does not throw, on all workers; returns when all are done.
  void run(const std::function<void(unsigned worker)> &newTask);

private:
  void work(unsigned worker);

  std::mutex mutex;
  std::condition_variable started, finished;
  const std::function<void(unsigned)> *task = nullptr;
  uint64_t round = 0; ///< number of the task
  unsigned busy = 0;
  bool ends = false;
  std::vector<std::jthread> threads;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_EXEC_WORKERS_H
