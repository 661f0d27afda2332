//===- SpinBarrier.h - where threads wait for each other --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_SPINBARRIER_H
#define QOPT_RUNTIME_DEVICE_CPU_SPINBARRIER_H

#include <atomic>
#include <cstdint>

namespace qopt {

/// Waits until `word` is no longer `old`: some `spins` rounds awake, as a launch takes microseconds
/// and waking a thread as long again, then asleep.
inline void waitForChange(const std::atomic<uint32_t> &word, uint32_t old, unsigned spins) {
  for (unsigned i = 0; i < spins; ++i) {
    if (word.load(std::memory_order_acquire) != old)
      return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  word.wait(old, std::memory_order_acquire);
}

/// A barrier for a fixed number of threads.
class SpinBarrier {
public:
  SpinBarrier(unsigned threads, unsigned spins) : threads(threads), spins(spins) {}

  /// Returns when all threads have arrived. The last to arrive first runs `completion`.
  template <typename Completion> void arriveAndWait(Completion &&completion) {
    uint32_t phase = generation.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 < threads)
      return waitForChange(generation, phase, spins);
    completion();
    arrived.store(0, std::memory_order_relaxed);
    generation.store(phase + 1, std::memory_order_release);
    generation.notify_all();
  }

private:
  const unsigned threads;
  const unsigned spins;
  alignas(64) std::atomic<uint32_t> arrived = 0;
  alignas(64) std::atomic<uint32_t> generation = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_SPINBARRIER_H
