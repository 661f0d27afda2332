//===- BenchSupport.h - threads, memory and best times -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_BENCH_BENCHSUPPORT_H
#define QOPT_TEST_BENCH_BENCHSUPPORT_H

#include "test/unit/lowering/CompiledKernels.h"
#include <atomic>
#include <chrono>
#include <thread>

namespace qopt::bench {

/// Threads that share the items of one launch after another, as the runtime's do: the caller is one
/// of them.
class Workers {
public:
  explicit Workers(int64_t count);
  ~Workers();

  int64_t count() const { return int64_t(threads.size()) + 1; }
  /// Calls `work(worker)` on every thread and waits for all.
  void run(const std::function<void(int64_t worker)> &work);
  /// Runs all items of a kernel, taken one by one.
  void launch(const test::CompiledKernels::Kernel &kernel,
              const test::CompiledKernels::Arguments &arguments, int64_t rows,
              int64_t sequences = 1);

private:
  void loop(int64_t worker);

  std::vector<std::thread> threads;
  std::vector<test::Buffer<char>> scratch;
  const std::function<void(int64_t)> *work = nullptr;
  std::atomic<int64_t> generation = 0, running = 0, nextItem = 0;
  bool stopping = false;
};

/// Seconds of the fastest of `repetitions` runs: other programs only ever slow one down.
double bestSeconds(int repetitions, const std::function<void()> &run);

/// Bytes read per second from a buffer, as 64-byte loads of each thread's share.
double readBytes(Workers &workers, const test::Buffer<char> &memory);

} // namespace qopt::bench

#endif // QOPT_TEST_BENCH_BENCHSUPPORT_H
