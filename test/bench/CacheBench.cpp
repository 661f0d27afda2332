//===- CacheBench.cpp - decode attention over compressed caches ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One token attends to 8192 cached ones, with 32 query heads of 128 elements over 32 and over 4 KV
// heads. Caches of several layers follow each other, so that each is read from memory; a plain read
// of the same memory in the same run is the floor. Times are the best of several: run it on an idle
// machine. Arguments: avx2, and instead of the modes below, formats, each for keys and values.
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheGeometry.h"
#include "test/bench/BenchSupport.h"
#include <cstring>
#include <fmt/format.h>
#include <random>
#include <string_view>
#include <vector>

using namespace qopt;
using namespace qopt::bench;
using test::Buffer;
using test::CompiledKernels;

static constexpr int64_t kHeads = 32, kDim = 128, kTokens = 8192;
static constexpr int64_t kPages = kTokens / cpu::kPageTokens;

/// Bytes that are small numbers as f16, bf16 and f32, and any code as codes.
static Buffer<char> randomCache(size_t bytes) {
  Buffer<char> memory(bytes);
  std::mt19937_64 engine(3);
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    uint64_t bits = (engine() & 0x807f807f807f807f) | 0x2d002d002d002d00;
    std::memcpy(memory.data() + i, &bits, 8);
  }
  return memory;
}

/// A cache's formats; without one of values, they have that of keys.
struct Mode {
  const char *keys, *values = keys;

  bool isTurned() const { return parseCacheFormat(keys).beforeRope; }
  bool hasWindow(bool isKey) const { return parseCacheFormat(isKey ? keys : values).residual != 0; }
};

/// Seconds of one layer.
static double attend(Workers &workers, cpu::CpuLevel level, const Buffer<char> &memory,
                     int64_t kvHeads, const Mode &mode, double &bytes) {
  CompiledKernels kernels(fmt::format(R"(
    llm.cache @layer {{kv_heads = {0}, head_dim = 128, k = "{1}", v = "{2}"}}
    func.func @f(%q: tensor<1x4096xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.attention %q over @layer {{heads = 32, scale = 0.088, {3} kernel = "attention"}}
          : tensor<1x4096xf32> -> tensor<1x4096xf32>
      return
    }})",
                                      kvHeads, mode.keys, mode.values,
                                      mode.isTurned() ? "rope = #llm.rope<theta = 1.0e4>," : ""),
                          level);
  auto pool = [&](bool isKey) {
    return cpu::CachePool{parseCacheFormat(isKey ? mode.keys : mode.values), isKey, kvHeads, kDim};
  };
  auto poolBytes = [&](bool isKey) { return kPages * kvHeads * pool(isKey).blockBytes(); };
  const int64_t keyBytes = poolBytes(true), layerBytes = keyBytes + poolBytes(false);
  const int64_t layers = int64_t(memory.size()) / layerBytes;
  const Buffer<char> window = randomCache(size_t(kvHeads * pool(true).windowBytes()));
  Buffer<float> q(kHeads * kDim, 0.01f), y(q.size()),
      angles(mode.isTurned() ? kTokens * kDim : 1, 0.7f);
  Buffer<int32_t> seqStart(2), past(1, int32_t(kTokens - 1)), tokenSeq(1),
      tokenPos(1, int32_t(kTokens - 1)), table(kPages), slots(1);
  seqStart[1] = 1;
  for (int64_t page = 0; page < kPages; ++page)
    table[page] = int32_t(kPages - 1 - page);
  bytes = double(layerBytes);
  double seconds = bestSeconds(3, [&] {
    for (int64_t layer = 0; layer < layers; ++layer) {
      const uint64_t keys = memory.address() + uint64_t(layer * layerBytes);
      CompiledKernels::Arguments arguments = {q.address(), y.address(), keys,
                                              keys + uint64_t(keyBytes)};
      for (bool isKey : {true, false})
        if (mode.hasWindow(isKey))
          arguments.push_back(window.address());
      if (mode.hasWindow(true) || mode.hasWindow(false))
        arguments.push_back(slots.address());
      if (mode.isTurned())
        arguments.push_back(angles.address());
      arguments.insert(arguments.end(),
                       {seqStart.address(), past.address(), tokenSeq.address(), tokenPos.address(),
                        table.address(), uint64_t(kPages), 1, 1});
      workers.launch(kernels.kernel("attention"), arguments, 1);
    }
  });
  return seconds / double(layers);
}

static constexpr Mode kModes[] = {
    {"f16"},
    {"bf16"},
    {"int8"},
    {"int8 asymmetric"},
    {"int8 before_rope", "int8"},
    {"fp8_e4m3"},
    {"int4"},
    {"int4 asymmetric group=32"},
    {"int4 before_rope", "int4"},
    {"int4 hadamard=1 before_rope", "int4"},
    {"int4 asymmetric channels group=32 residual=128", "int4 asymmetric group=32 residual=128"},
    {"int4 asymmetric channels progressive group=64 residual=64"},
    {"uniform6 scales=8:9.094947017729282e-13:1.189207115002721"},
    {"uniform5 scales=8:9.094947017729282e-13:1.189207115002721"},
    {"lloyd_max4"},
    {"lloyd_max3"},
    {"int2 asymmetric"},
    {"int2 asymmetric channels progressive group=64 residual=64"},
};

int main(int argc, char **argv) {
  cpu::CpuLevel level = cpu::CpuLevel::Avx512;
  bool isAvx2 = argc > 1 && std::string_view(argv[1]) == "avx2";
  if (isAvx2 || !test::machineHas(level))
    level = cpu::CpuLevel::Avx2;
  std::vector<Mode> modes(argv + 1 + isAvx2, argv + argc);
  if (modes.empty())
    modes.assign(std::begin(kModes), std::end(kModes));
  fmt::print("level {}, one token over {} cached ones\n", cpu::traitsOf(level).name.str(), kTokens);
  const Buffer<char> memory = randomCache(size_t(768) << 20);
  for (int64_t threads : {1, 2})
    for (int64_t kvHeads : {32, 4}) {
      Workers workers(threads);
      double f16Seconds = 0;
      for (const Mode &mode : modes) {
        double best = 1e30, read = 0, bytes = 0;
        for (int i = 0; i < 3; ++i) {
          read = std::max(read, readBytes(workers, memory));
          best = std::min(best, attend(workers, level, memory, kvHeads, mode, bytes));
        }
        if (f16Seconds == 0)
          f16Seconds = best;
        fmt::print("{} threads, {:2} KV heads, {:58}: {:6.3f} ms, {:5.2f} times f16, {:5.2f} GB/s, "
                   "{:3.0f} % of a plain read\n",
                   threads, kvHeads, mode.keys, best * 1e3, f16Seconds / best, bytes / best * 1e-9,
                   100 * bytes / best / read);
        std::fflush(stdout);
      }
    }
  return 0;
}
