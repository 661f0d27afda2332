//===- LoadedModule.h - a PTX module on the emulated device -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_LOADEDMODULE_H
#define QOPT_RUNTIME_EMULATOR_LOADEDMODULE_H

#include "runtime/emulator/exec/DeviceMemory.h"
#include "runtime/emulator/program/ProgramBuilder.h"

namespace qopt::emulator {

/// All kernels of a module, ready to run, and its variables in device memory.
class LoadedModule {
public:
  /// Parses and decodes everything. `fileName` is for messages. Throws an Error for PTX that is
  /// wrong or that the emulator does not know, and if memory for variables is lacking.
  LoadedModule(std::string ptx, std::string fileName, DeviceMemory &memory);
  ~LoadedModule();
  LoadedModule(const LoadedModule &) = delete;
  LoadedModule &operator=(const LoadedModule &) = delete;

  const ptx::Module &syntax() const { return *module; }
  /// The kernel of that name, or null.
  std::shared_ptr<const Program> findKernel(std::string_view name) const;
  /// The variable of that name in global or constant memory; no bytes if there is none.
  Allocation findVariable(std::string_view name) const;

private:
  void placeVariables();
  void freeVariables();

  DeviceMemory &memory;
  std::shared_ptr<const ptx::Module> module;
  GlobalAddresses addresses;
  std::map<std::string_view, std::shared_ptr<const Program>> kernels;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_LOADEDMODULE_H
