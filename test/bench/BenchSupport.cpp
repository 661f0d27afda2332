//===- BenchSupport.cpp - threads, memory and best times ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/bench/BenchSupport.h"
#include <immintrin.h>

using namespace qopt;
using namespace qopt::bench;
using test::Buffer;

static constexpr size_t kScratchBytes = 4 << 20;

Workers::Workers(int64_t count) {
  for (int64_t worker = 0; worker < count; ++worker)
    scratch.emplace_back(kScratchBytes);
  for (int64_t worker = 1; worker < count; ++worker)
    threads.emplace_back([this, worker] { loop(worker); });
}

Workers::~Workers() {
  stopping = true;
  ++generation;
  for (std::thread &thread : threads)
    thread.join();
}

void Workers::loop(int64_t worker) {
  int64_t seen = 0;
  while (true) {
    while (generation.load(std::memory_order_acquire) == seen)
      _mm_pause();
    ++seen;
    if (stopping)
      return;
    (*work)(worker);
    running.fetch_sub(1, std::memory_order_release);
  }
}

void Workers::run(const std::function<void(int64_t)> &function) {
  work = &function;
  running.store(int64_t(threads.size()), std::memory_order_relaxed);
  generation.fetch_add(1, std::memory_order_release);
  function(0);
  while (running.load(std::memory_order_acquire) != 0)
    _mm_pause();
}

void Workers::launch(const test::CompiledKernels::Kernel &kernel,
                     const test::CompiledKernels::Arguments &arguments, int64_t rows,
                     int64_t sequences) {
  int64_t items = kernel.items(rows, sequences);
  nextItem = 0;
  run([&](int64_t worker) {
    for (int64_t item; (item = nextItem.fetch_add(1)) < items;)
      kernel.function(arguments.data(), item, item + 1, scratch[worker].data());
  });
}

double bench::bestSeconds(int repetitions, const std::function<void()> &run) {
  double best = 1e30;
  for (int i = 0; i < repetitions; ++i) {
    auto start = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::min(best, seconds.count());
  }
  return best;
}

__attribute__((target("avx512f"))) static int64_t readWide(const char *memory, size_t bytes) {
  __m512i sums[4] = {};
  for (size_t i = 0; i + 256 <= bytes; i += 256)
    for (size_t j = 0; j < 4; ++j)
      sums[j] = _mm512_add_epi64(sums[j], _mm512_load_si512(memory + i + 64 * j));
  sums[0] =
      _mm512_add_epi64(_mm512_add_epi64(sums[0], sums[1]), _mm512_add_epi64(sums[2], sums[3]));
  return _mm512_reduce_add_epi64(sums[0]);
}

__attribute__((target("avx2"))) static int64_t readNarrow(const char *memory, size_t bytes) {
  __m256i sums[8] = {};
  for (size_t i = 0; i + 256 <= bytes; i += 256)
    for (size_t j = 0; j < 8; ++j)
      sums[j] = _mm256_add_epi64(
          sums[j], _mm256_load_si256(reinterpret_cast<const __m256i *>(memory + i + 32 * j)));
  for (size_t j = 1; j < 8; ++j)
    sums[0] = _mm256_add_epi64(sums[0], sums[j]);
  return _mm256_extract_epi64(sums[0], 0);
}

double bench::readBytes(Workers &workers, const Buffer<char> &memory) {
  std::atomic<int64_t> sink = 0;
  auto *readAll = test::machineHas(cpu::CpuLevel::Avx512) ? readWide : readNarrow;
  size_t share = memory.size() / workers.count() / 256 * 256;
  double seconds = bestSeconds(3, [&] {
    workers.run([&](int64_t worker) { sink += readAll(memory.data() + worker * share, share); });
  });
  return double(share * workers.count()) / seconds;
}
