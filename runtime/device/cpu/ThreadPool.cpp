//===- ThreadPool.cpp - threads that share work in stages -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/ThreadPool.h"

#include "runtime/device/cpu/CpuTopology.h"
#include "runtime/formats/Error.h"
#include <cassert>
#include <system_error>

using namespace qopt;

namespace {

/// The parts of a ticket.
constexpr unsigned pieceBits = 16, stageBits = 20;
constexpr uint32_t endStage = (1 << stageBits) - 1; ///< All stages are done.

constexpr uint64_t makeTicket(uint64_t generation, uint32_t stage, uint32_t pieces) {
  return generation << (pieceBits + stageBits) | uint64_t(stage) << pieceBits | pieces;
}
constexpr uint32_t piecesLeft(uint64_t ticket) { return uint32_t(ticket & ThreadPool::maxPieces); }
constexpr uint32_t stageOf(uint64_t ticket) { return uint32_t(ticket >> pieceBits) & endStage; }

} // namespace

/// Rounds to stay awake while waiting: about 200 us. With more threads than CPUs, a waiting thread
/// would only keep the one it waits for from running.
static unsigned spinsFor(unsigned threads) { return threads <= availableCpus() ? 4000 : 0; }

/// Waits until `word` is no longer `old`: some rounds awake, as a launch takes microseconds and
/// waking a thread as long again, then asleep.
static void waitForChange(const std::atomic<uint32_t> &word, uint32_t old, unsigned spins) {
  for (unsigned i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != old)
      return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  word.wait(old, std::memory_order_acquire);
}

ThreadPool::ThreadPool(unsigned threads)
    : spins(spinsFor(threads)), ticket(makeTicket(0, endStage, 0)) {
  try {
    for (unsigned worker = 1; worker < threads; ++worker)
      helpers.emplace_back([this, worker] { work(worker); });
  } catch (const std::system_error &error) {
    unsigned started = size();
    stop();
    fail("cannot start {} threads: {} after {}; ask for fewer with --threads", threads,
         error.code().message(), started);
  }
}

ThreadPool::~ThreadPool() { stop(); }

void ThreadPool::stop() {
  stopping = true;
  phase.fetch_add(1, std::memory_order_release);
  phase.notify_all();
  helpers.clear();
}

void ThreadPool::run(StagedTask &newTask) {
  assert(newTask.numStages() <= maxStages);
  task = &newTask;
  ++generation;
  publish(0);
  work(0);
}

/// Called by one thread at a time: who starts the run, or who did the last piece of a stage.
void ThreadPool::publish(uint32_t stage) {
  bool isEnd = stage == task->numStages();
  done.store(0, std::memory_order_relaxed);
  ticket.store(makeTicket(generation, isEnd ? endStage : stage, isEnd ? 0 : task->numPieces(stage)),
               std::memory_order_release);
  phase.fetch_add(1, std::memory_order_release);
  phase.notify_all();
}

/// The caller of run() returns when all stages are done, helpers when the pool stops.
void ThreadPool::work(unsigned worker) {
  for (;;) {
    uint32_t seen = phase.load(std::memory_order_acquire);
    uint64_t current = ticket.load(std::memory_order_acquire);
    if (worker == 0 ? stageOf(current) == endStage : stopping.load(std::memory_order_relaxed))
      return;
    if (piecesLeft(current) == 0) {
      waitForChange(phase, seen, spins);
      continue;
    }
    if (!ticket.compare_exchange_weak(current, current - 1, std::memory_order_acq_rel))
      continue;
    uint32_t stage = stageOf(current), pieces = task->numPieces(stage);
    task->runPiece(stage, pieces - piecesLeft(current), worker);
    if (done.fetch_add(1, std::memory_order_acq_rel) + 1 == pieces)
      publish(stage + 1);
  }
}
