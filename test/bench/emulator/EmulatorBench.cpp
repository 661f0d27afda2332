//===- EmulatorBench.cpp - instructions a second of the PTX emulator ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

// Runs a decode matrix-vector product, 4096 x 4096, and a prefill matrix product, 512 x 256, as the
// compiler wrote them, with every check on. Reports what one core does, by its own clock: other
// processes do not count.

#include "runtime/emulator/LoadedModule.h"
#include "runtime/emulator/exec/Launch.h"
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <sstream>

using namespace qopt;
using namespace qopt::emulator;

static double cpuSeconds() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return double(time.tv_sec) + 1e-9 * double(time.tv_nsec);
}

/// Bytes of bf16 numbers between 0.5 and 2, so that nothing is special.
static uint64_t allocateNumbers(DeviceMemory &memory, size_t count) {
  uint64_t address = memory.allocate(2 * count);
  std::byte *host = memory.find(address, 0)->host;
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits = uint16_t(0x3f00 + i * 2654435761u % 256);
    memcpy(host + 2 * i, &bits, 2);
  }
  return address;
}

static void measure(const char *file, const char *kernel, Extent grid, uint32_t shared,
                    std::initializer_list<size_t> buffers, uint64_t rows) {
  std::ifstream stream(std::string(QOPT_SOURCE_DIR "/test/unit/emulator/data/") + file);
  std::stringstream text;
  text << stream.rdbuf();
  DeviceMemory memory(uint64_t(1) << 30);
  LoadedModule module(text.str(), file, memory);
  std::vector<uint64_t> arguments;
  for (size_t count : buffers)
    arguments.push_back(allocateNumbers(memory, count));
  arguments.push_back(rows);
  std::shared_ptr<const Program> program = module.findKernel(kernel);
  Launcher launcher(1);
  double best = 1e9;
  Statistics statistics;
  for (int i = 0; i < 5; ++i) {
    double start = cpuSeconds();
    statistics = launcher.run(
        {*program, grid, {128, 1, 1}, shared, std::as_bytes(std::span(arguments)), memory});
    best = std::min(best, cpuSeconds() - start);
  }
  printf("%-40s %8.1f M thread-instructions, %7.2f ms, %6.0f M/s on one core", kernel,
         1e-6 * double(statistics.threadInstructions), 1e3 * best,
         1e-6 * double(statistics.threadInstructions) / best);
  if (statistics.matrixInstructions != 0)
    printf(", %.2f M mma/s", 1e-6 * double(statistics.matrixInstructions) / best);
  printf("\n");
}

int main() {
  measure("matvec.ptx", "matmul_4096x4096_bf16_residual_rows1", {1024, 1, 1}, 1024,
          {4096, 4096 * 4096, 8192, 8192}, 1);
  measure("matmul.ptx", "matmul_512x256_bf16", {2, 8, 1}, 32768,
          {128 * 256, 512 * 256, 2 * 128 * 512}, 128);
}
