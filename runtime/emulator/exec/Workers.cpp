//===- Workers.cpp - host threads that run blocks -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/exec/Workers.h"

using namespace qopt::emulator;

Workers::Workers(unsigned count) {
  for (unsigned worker = 1; worker < count; ++worker)
    threads.emplace_back([this, worker] { work(worker); });
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex);
    ends = true;
  }
  started.notify_all();
}

void Workers::run(const std::function<void(unsigned)> &newTask) {
  {
    std::lock_guard lock(mutex);
    task = &newTask;
    busy = unsigned(threads.size());
    ++round;
  }
  started.notify_all();
  newTask(0);
  std::unique_lock lock(mutex);
  finished.wait(lock, [&] { return busy == 0; });
}

void Workers::work(unsigned worker) {
  for (uint64_t seen = 0;;) {
    std::unique_lock lock(mutex);
    started.wait(lock, [&] { return ends || round != seen; });
    if (ends)
      return;
    seen = round;
    lock.unlock();
    (*task)(worker);
    lock.lock();
    if (--busy == 0)
      finished.notify_one();
  }
}
