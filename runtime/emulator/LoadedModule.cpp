//===- LoadedModule.cpp - a PTX module on the emulated device -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/LoadedModule.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <cstring>

using namespace qopt;
using namespace qopt::emulator;

LoadedModule::LoadedModule(std::string ptx, std::string fileName, DeviceMemory &memory)
    : memory(memory), module(ptx::parse(std::move(ptx), std::move(fileName))) {
  try {
    placeVariables();
    for (const auto &[name, function] : module->functions)
      if (function.isEntry && function.isDefined)
        kernels[name] = buildProgram(module, function, addresses);
  } catch (...) {
    freeVariables();
    throw;
  }
}

LoadedModule::~LoadedModule() { freeVariables(); }

void LoadedModule::placeVariables() {
  for (const ptx::Variable &variable : module->variables) {
    if (variable.space == ptx::Space::Shared)
      continue;
    uint64_t address = memory.allocate(variable.size);
    if (address == 0)
      fail("{}: variable {} has {} bytes, of which {} are free", module->fileName,
           quote(variable.name), variable.size, memory.free());
    addresses[&variable] = address;
    std::byte *host = memory.find(address, 0)->host;
    if (!variable.initial.empty())
      memcpy(host, variable.initial.data(), variable.initial.size());
    memset(host + variable.initial.size(), 0, variable.size - variable.initial.size());
  }
}

void LoadedModule::freeVariables() {
  for (const auto &[variable, address] : addresses)
    memory.release(address);
}

std::shared_ptr<const Program> LoadedModule::findKernel(std::string_view name) const {
  auto found = kernels.find(name);
  return found == kernels.end() ? nullptr : found->second;
}

Allocation LoadedModule::findVariable(std::string_view name) const {
  const ptx::Variable *variable = module->findVariable(name);
  auto found = addresses.find(variable);
  if (found == addresses.end())
    return {};
  const Allocation *allocation = memory.find(found->second, 0);
  return *allocation;
}
