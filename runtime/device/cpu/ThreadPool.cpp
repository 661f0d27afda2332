//===- ThreadPool.cpp - threads that run launches together ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/ThreadPool.h"

#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/formats/Error.h"
#include <system_error>

using namespace qopt;

/// Rounds to stay awake while waiting: about 100 us. With more threads than CPUs, a waiting thread
/// would only keep the one it waits for from running.
static unsigned spinsFor(unsigned threads) { return threads <= availableCpus() ? 4000 : 0; }

ThreadPool::ThreadPool(unsigned threads) : spins(spinsFor(threads)), sync(threads, spins) {
  try {
    for (unsigned worker = 1; worker < threads; ++worker)
      helpers.emplace_back([this, worker] { helperLoop(worker); });
  } catch (const std::system_error &error) {
    unsigned started = size();
    stop();
    fail("cannot start {} threads: {} after {}; ask for fewer with --threads", threads,
         error.code().message(), started);
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  task = nullptr;
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();
  helpers.clear();
}

void ThreadPool::run(const Task &newTask) {
  task = &newTask;
  epoch.fetch_add(1, std::memory_order_release);
  epoch.notify_all();
  newTask(0);
  sync.arriveAndWait([] {});
}

void ThreadPool::helperLoop(unsigned worker) {
  for (uint32_t seen = 0;; ++seen) {
    waitForChange(epoch, seen, spins);
    if (!task)
      return;
    (*task)(worker);
    sync.arriveAndWait([] {});
  }
}
