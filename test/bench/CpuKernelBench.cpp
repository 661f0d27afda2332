//===- CpuKernelBench.cpp - CPU kernels against the machine's limits ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Matrix-vector products and decode attention are measured against a plain read of the same memory
// in the same run, products with many rows in GFLOP/s, all with one and two threads, on the shapes
// of TinyLlama-1.1B. Times are the best of several: run it on an idle machine.
//
//===----------------------------------------------------------------------===//

#include "test/bench/BenchSupport.h"
#include <cstdlib>
#include <fmt/format.h>
#include <random>

using namespace qopt;
using namespace qopt::bench;
using test::Buffer;
using test::CompiledKernels;

namespace {

struct Product {
  const char *name;
  int64_t n, k, ways;

  int64_t columns() const { return n / ways; }
  int64_t bytes() const { return n * k * 2; }
};

constexpr Product kProducts[] = {{"attention out", 2048, 2048, 1},
                                 {"qkv", 2560, 2048, 1},
                                 {"gate, up", 11264, 2048, 2},
                                 {"down", 2048, 5632, 1},
                                 {"head", 32000, 2048, 1}};

std::string productText(const Product &product, const std::string &rows) {
  return fmt::format(R"(
    llm.param @w : tensor<{0}x{1}x32xbf16>
    func.func @f(%x: tensor<{2}x{1}xf32>) attributes {{kernel.target = "cpu"}} {{
      %w = llm.get @w : tensor<{0}x{1}x32xbf16>
      %0 = kernel.matmul %x, %w ways {3} {{columns = {4}, kernel = "product"}}
          : tensor<{2}x{1}xf32>, tensor<{0}x{1}x32xbf16> -> tensor<{2}x{4}xf32> {{
      {5}
      }}
      return
    }})",
                     product.n / 32, product.k, rows, product.ways, product.columns(),
                     product.ways == 2 ? "^bb0(%a: f32, %b: f32):\n"
                                         "%0 = arith.mulf %a, %b : f32\n kernel.yield %0 : f32"
                                       : "^bb0(%a: f32):\n kernel.yield %a : f32");
}

/// Random bf16 numbers, more than any cache holds.
Buffer<char> randomWeights(size_t bytes) {
  Buffer<char> memory(bytes);
  std::mt19937_64 engine(1);
  for (size_t i = 0; i + 8 <= bytes; i += 8) {
    // Exponents of numbers around 1/16.
    uint64_t bits = (engine() & 0x807f807f807f807f) | 0x3d803d803d803d80;
    std::memcpy(memory.data() + i, &bits, 8);
  }
  return memory;
}

class CpuKernelBench {
public:
  CpuKernelBench(cpu::CpuLevel level, size_t bytes) : level(level), weights(randomWeights(bytes)) {}

  void products(int64_t threads, int64_t rows, const char *staticRows);
  void attention(int64_t threads, int64_t past, int64_t count);

private:
  cpu::CpuLevel level;
  Buffer<char> weights;
};

/// One product after another, each with weights of its own, as layers follow each other.
void CpuKernelBench::products(int64_t threads, int64_t rows, const char *staticRows) {
  Workers workers(threads);
  for (const Product &product : kProducts) {
    CompiledKernels kernels(productText(product, staticRows), level);
    Buffer<float> x(rows * product.k, 0.5f), y(rows * product.columns());
    bool isMemoryBound = rows <= 16;
    int64_t copies = isMemoryBound ? int64_t(weights.size()) / product.bytes()
                                   : std::max<int64_t>(1, int64_t(4e10 / double(product.n) /
                                                                  double(product.k * rows * 2)));
    double best = 1e30, read = 0;
    for (int i = 0; i < 4; ++i) {
      if (isMemoryBound)
        read = std::max(read, readBytes(workers, weights));
      best = std::min(best, bestSeconds(2, [&] {
                        for (int64_t copy = 0; copy < copies; ++copy)
                          workers.launch(kernels.kernel("product"),
                                         {x.address(),
                                          weights.address() + uint64_t(copy * product.bytes()),
                                          y.address(), uint64_t(rows)},
                                         rows);
                      }));
    }
    double bytes = double(copies * product.bytes()) / best;
    double flops = double(copies * rows * 2) * double(product.n * product.k) / best;
    if (isMemoryBound)
      fmt::print("{:14} {:6}x{:<5} rows {:3}, {} threads: {:6.2f} GB/s of weights, read {:6.2f}, "
                 "ratio {:.3f}\n",
                 product.name, product.n, product.k, rows, threads, bytes * 1e-9, read * 1e-9,
                 bytes / read);
    else
      fmt::print("{:14} {:6}x{:<5} rows {:3}, {} threads: {:6.1f} GFLOP/s, {:6.1f} a thread\n",
                 product.name, product.n, product.k, rows, threads, flops * 1e-9,
                 flops * 1e-9 / double(threads));
    std::fflush(stdout);
  }
}

/// Attention of TinyLlama (32 heads of 64, 4 KV heads): one token over a long past, or a prompt.
void CpuKernelBench::attention(int64_t threads, int64_t past, int64_t count) {
  constexpr int64_t kHeads = 32, kKvHeads = 4, kDim = 64, kPage = 128;
  Workers workers(threads);
  CompiledKernels kernels(fmt::format(R"(
    llm.cache @layer {{kv_heads = 4, head_dim = 64, k = "native", v = "native"}}
    func.func @f(%q: tensor<{0}x2048xf32>) attributes {{kernel.target = "cpu"}} {{
      %0 = kernel.attention %q over @layer {{heads = 32, scale = 0.125, kernel = "attention"}}
          : tensor<{0}x2048xf32> -> tensor<{0}x2048xf32>
      return
    }})",
                                      count == 1 ? "1" : "?"),
                          level);
  int64_t pages = (past + count + kPage - 1) / kPage;
  int64_t poolBytes = pages * kKvHeads * kDim * kPage * int64_t(sizeof(float));
  int64_t layers = std::max<int64_t>(1, int64_t(weights.size()) / (2 * poolBytes));
  if (count > 1)
    layers = 1;
  Buffer<float> q(count * kHeads * kDim, 0.01f), y(q.size());
  Buffer<int32_t> seqStart(2), pasts(1, int32_t(past)), tokenSeq(count), tokenPos(count),
      table(pages);
  seqStart[1] = int32_t(count);
  for (int64_t t = 0; t < count; ++t)
    tokenPos[t] = int32_t(past + t);
  for (int64_t p = 0; p < pages; ++p)
    table[p] = int32_t(pages - 1 - p);
  double best = 1e30, read = 0;
  for (int i = 0; i < 4; ++i) {
    read = std::max(read, readBytes(workers, weights));
    best = std::min(best, bestSeconds(2, [&] {
                      for (int64_t layer = 0; layer < layers; ++layer) {
                        uint64_t keys = weights.address() + uint64_t(2 * layer * poolBytes);
                        workers.launch(kernels.kernel("attention"),
                                       {q.address(), y.address(), keys, keys + uint64_t(poolBytes),
                                        seqStart.address(), pasts.address(), tokenSeq.address(),
                                        tokenPos.address(), table.address(), uint64_t(pages),
                                        uint64_t(count), 1},
                                       count);
                      }
                    }));
  }
  if (count == 1) {
    double bytes = double(layers * 2 * poolBytes) / best;
    fmt::print("attention, 1 token after {:5}, {} threads: {:6.2f} GB/s of cache, read {:6.2f}, "
               "ratio {:.3f}\n",
               past, threads, bytes * 1e-9, read * 1e-9, bytes / read);
  } else {
    double flops = 4.0 * kHeads * kDim * double(count) * (double(past) + double(count + 1) / 2);
    fmt::print("attention, {} tokens, {} threads: {:.2f} ms, {:6.1f} GFLOP/s\n", count, threads,
               best * 1e3, flops / best * 1e-9);
  }
  std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv) {
  std::string what = argc > 1 ? argv[1] : "all";
  cpu::CpuLevel level = cpu::CpuLevel::Avx512;
  if ((argc > 2 && std::string(argv[2]) == "avx2") || !test::machineHas(level))
    level = cpu::CpuLevel::Avx2;
  fmt::print("level {}\n", cpu::traitsOf(level).name.str());
  CpuKernelBench bench(level, size_t(768) << 20);
  for (int64_t threads : {1, 2}) {
    if (what == "all" || what == "matvec")
      bench.products(threads, 1, "1");
    if (what == "all" || what == "batch")
      for (int64_t rows : {2, 4, 8, 16})
        bench.products(threads, rows, "?");
    if (what == "all" || what == "gemm")
      bench.products(threads, 512, "?");
    if (what == "all" || what == "attention") {
      bench.attention(threads, 2047, 1);
      bench.attention(threads, 0, 512);
      bench.attention(threads, 0, 2048);
    }
  }
  return EXIT_SUCCESS;
}
