//===- PtxFuzz.cpp - any bytes as PTX, loaded and run ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/LoadedModule.h"
#include "runtime/emulator/exec/Launch.h"
#include "runtime/emulator/exec/TensorMap.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

static constexpr uint64_t kBuffer =
    4096; ///< bytes that every 64-bit parameter points to; one of 128 bytes is a map of it
static constexpr uint32_t kShared = 1024; ///< bytes of dynamic shared memory

static void checkMessage(const Error &error) {
  if (std::string_view(error.what()).find('\n') != std::string_view::npos)
    __builtin_trap();
}

/// 32 x 32 words, in boxes of 4 x 4.
static TensorMap tensorAt(uint64_t buffer) {
  TensorMap map;
  map.address = buffer;
  map.elementBytes = 4;
  map.rank = 2;
  map.sizes = {32, 32};
  map.strides = {4, 128};
  map.box = {4, 4};
  return map;
}

/// Whatever the kernel does ends, and stays within its memory.
static void launch(const Program &program, uint64_t buffer, const DeviceMemory &memory) {
  std::vector<std::byte> parameters(program.parameterBytes);
  auto map = tensorAt(buffer).encode();
  for (const Program::Parameter &parameter : program.parameters) {
    if (parameter.size == sizeof(buffer))
      memcpy(parameters.data() + parameter.offset, &buffer, sizeof(buffer));
    else if (parameter.size == map.size())
      memcpy(parameters.data() + parameter.offset, map.data(), map.size());
  }
  Launch run = {program, {2, 1, 1}, {160, 1, 1}, kShared, parameters, memory, true, 200};
  try {
    Launcher(1).run(run);
  } catch (const LaunchError &error) {
    checkMessage(error);
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  DeviceMemory memory(uint64_t(1) << 20);
  uint64_t buffer = memory.allocate(kBuffer);
  memset(memory.find(buffer, 0)->host, 0, kBuffer);
  try {
    LoadedModule module({reinterpret_cast<const char *>(data), size}, "fuzz.ptx", memory);
    for (const auto &[name, function] : module.syntax().functions)
      if (std::shared_ptr<const Program> program = module.findKernel(name))
        launch(*program, buffer, memory);
  } catch (const Error &error) {
    checkMessage(error);
  }
  return 0;
}
