//===- WeightLoop.cpp - the loop in which a kernel reads weights ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/analysis/WeightLoop.h"

#include "runtime/emulator/analysis/LoopNest.h"
#include "runtime/emulator/analysis/ParameterFlow.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;

namespace {

struct GlobalRead {
  uint64_t bytes = 0;
  const ptx::Operand *address = nullptr;
};

} // namespace

static uint64_t vectorBytes(const ptx::Instruction &load) {
  uint64_t bits = 0, count = 1;
  for (std::string_view modifier : load.modifiers) {
    if (modifier == "v2" || modifier == "v4" || modifier == "v8")
      count = uint64_t(modifier[1] - '0');
    else if (std::optional<Type> type = parseType(modifier))
      bits = bitWidth(*type);
  }
  return count * bits / 8;
}

/// What an instruction reads of global memory, by loads and cp.async of single threads.
static GlobalRead globalRead(const ptx::Instruction &instruction) {
  auto has = [&](std::string_view modifier) {
    const auto &modifiers = instruction.modifiers;
    return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
  };
  if (!has("global") || instruction.operands.size() < 2)
    return {};
  if (instruction.opcode == "ld")
    return {vectorBytes(instruction), &instruction.operands[1]};
  bool isCopy = instruction.opcode == "cp" && has("async") && instruction.operands.size() >= 3;
  if (isCopy && instruction.operands[2].kind == ptx::Operand::Kind::Integer)
    return {instruction.operands[2].bits, &instruction.operands[1]};
  return {};
}

std::optional<WeightLoop> emulator::findWeightLoop(const ptx::Function &kernel,
                                                   std::span<const size_t> weightParameters) {
  ParameterFlow flow(kernel);
  LoopNest nest(kernel);
  ParameterFlow::Set weights = 0;
  for (size_t parameter : weightParameters)
    weights |= parameter < 64 ? ParameterFlow::Set(1) << parameter : 0;

  // Weight bytes in each loop, without those in loops inside, and outside of loops.
  std::vector<uint64_t> bytes(nest.numLoops() + 1);
  auto weightBytes = [&](const ptx::Instruction &instruction) -> uint64_t {
    GlobalRead read = globalRead(instruction);
    return read.address && (flow.sources(*read.address) & weights) != 0 ? read.bytes : 0;
  };
  for (size_t i = 0; i < kernel.body.size(); ++i)
    bytes[std::min(nest.innermost(i), nest.numLoops())] += weightBytes(kernel.body[i]);
  size_t best = nest.numLoops();
  for (size_t loop = 0; loop < nest.numLoops(); ++loop)
    if (bytes[loop] > (best == nest.numLoops() ? 0 : bytes[best]))
      best = loop;
  if (bytes[best] == 0)
    return std::nullopt;

  WeightLoop result;
  result.isLoop = best != nest.numLoops();
  for (size_t i = 0; i < kernel.body.size(); ++i) {
    if (result.isLoop && !nest.members(best)[i])
      continue;
    const ptx::Instruction &instruction = kernel.body[i];
    ++result.instructions;
    result.weightBytes += weightBytes(instruction);
    result.globalBytes += globalRead(instruction).bytes;
    result.matrixInstructions += instruction.opcode == "mma" || instruction.opcode == "wgmma";
  }
  return result;
}
