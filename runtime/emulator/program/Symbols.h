//===- Symbols.h - where the names of a kernel lie --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_SYMBOLS_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_SYMBOLS_H

#include "runtime/emulator/program/Operation.h"
#include <map>
#include <unordered_map>

namespace qopt::emulator {

/// Device addresses of a module's variables in global and constant memory.
using GlobalAddresses = std::unordered_map<const ptx::Variable *, uint64_t>;

/// Gives slots to registers and constants, and memory to variables, for one kernel and the
/// functions that it calls.
class Symbols {
public:
  Symbols(Program &program, const GlobalAddresses &globals) : program(program), globals(globals) {}

  // Registers are numbered in the order in which they are added.
  void addRegister(Type type) { registers.push_back({type, kNoSlot}); }
  RegisterIndex numRegisters() const { return RegisterIndex(registers.size()); }
  Slot registerSlot(RegisterIndex index);

  /// A new slot for a value of `width` bits; 1 for a predicate.
  Slot addSlot(unsigned width);
  Slot constant(unsigned width, uint64_t value);
  Slot special(SpecialRegister name);
  /// A predicate that holds.
  Slot always() { return constant(1, 1); }
  /// For results that nobody wants.
  Slot sink(unsigned width);

  /// The condition code of `add.cc` and the like: a predicate.
  Slot carryFlag();
  /// Where a device function keeps the instruction to return to, for each lane.
  Slot returnAddress(const ptx::Function &function);

  /// Lays out the parameters of the kernel.
  void addParameters(const ptx::Function &kernel);
  /// Places a shared variable of fixed size, once.
  void addShared(const ptx::Variable &variable);
  /// Dynamic shared memory follows all that was added.
  void addDynamicShared(uint64_t alignment);

  /// The state space as instructions see it: parameters of device functions are local memory.
  ptx::Space space(const ptx::Variable &variable) const;
  /// An offset in that space, or the address in global memory.
  uint64_t address(const ptx::Variable &variable);

private:
  static constexpr Slot kNoSlot = ~Slot(0);

  uint64_t place(const ptx::Variable &variable, uint32_t &top, uint64_t limit, const char *what);

  Program &program;
  const GlobalAddresses &globals;
  struct Register {
    Type type;
    Slot slot; ///< given at the first use
  };
  std::vector<Register> registers;
  std::map<std::pair<unsigned, uint64_t>, Slot> constants;
  std::map<SpecialRegister, Slot> specials;
  std::map<unsigned, Slot> sinks;
  Slot carry = kNoSlot;
  std::map<const ptx::Function *, Slot> returnAddresses;
  std::unordered_map<const ptx::Variable *, uint64_t> placed;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_SYMBOLS_H
