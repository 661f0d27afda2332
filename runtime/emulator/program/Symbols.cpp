//===- Symbols.cpp - where the names of a kernel lie ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/Symbols.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;
using namespace qopt::emulator;
using ptx::Space;

// As ptxas has it.
static constexpr uint64_t kMaxParameterBytes = 32764;
static constexpr uint64_t kMaxStaticShared = 48 << 10;
static constexpr uint64_t kMaxLocalBytes = 512 << 10;

static uint64_t alignTo(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

Slot Symbols::addSlot(unsigned width) {
  size_t bytes = width == 1 ? sizeof(LaneMask) : kWarpSize * (width == 64 ? 8 : 4);
  // Vectors of lanes begin at cache lines.
  size_t slot = alignTo(program.registerBytes, width == 1 ? sizeof(LaneMask) : 64);
  program.registerBytes = slot + bytes;
  return Slot(slot);
}

Slot Symbols::registerSlot(RegisterIndex index) {
  Register &entry = registers[index];
  if (entry.slot == kNoSlot)
    entry.slot = addSlot(bitWidth(entry.type));
  return entry.slot;
}

Slot Symbols::constant(unsigned width, uint64_t value) {
  if (width < 64)
    value &= (uint64_t(1) << width) - 1;
  unsigned stored = width == 1 || width == 64 ? width : 32;
  auto [entry, isNew] = constants.try_emplace({stored, value});
  if (isNew) {
    entry->second = addSlot(stored);
    program.constants.push_back({entry->second, stored, value});
  }
  return entry->second;
}

Slot Symbols::special(SpecialRegister name) {
  auto [entry, isNew] = specials.try_emplace(name);
  if (isNew) {
    entry->second = addSlot(bitWidth(name));
    program.specialValues.push_back({entry->second, name});
  }
  return entry->second;
}

Slot Symbols::sink(unsigned width) {
  auto [entry, isNew] = sinks.try_emplace(width == 1 || width == 64 ? width : 32);
  if (isNew)
    entry->second = addSlot(entry->first);
  return entry->second;
}

Slot Symbols::carryFlag() {
  if (carry == kNoSlot)
    carry = addSlot(1);
  return carry;
}

Slot Symbols::returnAddress(const ptx::Function &function) {
  auto [entry, isNew] = returnAddresses.try_emplace(&function);
  if (isNew)
    entry->second = addSlot(32);
  return entry->second;
}

uint64_t Symbols::place(const ptx::Variable &variable, uint32_t &top, uint64_t limit,
                        const char *what) {
  uint64_t offset = alignTo(top, variable.alignment);
  if (variable.size > limit || offset + variable.size > limit)
    fail("{}: kernel {} needs more than {} bytes of {}: variable {} has {}",
         program.module->fileName, quote(program.kernel->name), limit, what, quote(variable.name),
         variable.size);
  top = uint32_t(offset + variable.size);
  placed[&variable] = offset;
  return offset;
}

void Symbols::addParameters(const ptx::Function &kernel) {
  for (const ptx::Variable *parameter : kernel.parameters) {
    uint64_t offset = place(*parameter, program.parameterBytes, kMaxParameterBytes, "parameters");
    program.parameters.push_back({uint32_t(offset), uint32_t(parameter->size)});
  }
}

void Symbols::addShared(const ptx::Variable &variable) {
  if (!placed.contains(&variable))
    place(variable, program.staticShared, kMaxStaticShared, "static shared memory");
}

void Symbols::addDynamicShared(uint64_t alignment) {
  program.dynamicShared = uint32_t(alignTo(program.staticShared, alignment));
}

Space Symbols::space(const ptx::Variable &variable) const {
  if (variable.space != Space::Param)
    return variable.space;
  const auto &parameters = program.kernel->parameters;
  bool isKernels = std::find(parameters.begin(), parameters.end(), &variable) != parameters.end();
  return isKernels ? Space::Param : Space::Local;
}

uint64_t Symbols::address(const ptx::Variable &variable) {
  if (variable.isUnsized)
    return program.dynamicShared;
  if (auto found = globals.find(&variable); found != globals.end())
    return found->second;
  if (auto found = placed.find(&variable); found != placed.end())
    return found->second;
  return place(variable, program.localBytes, kMaxLocalBytes, "local memory");
}
