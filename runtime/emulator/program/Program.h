//===- Program.h - a kernel, ready to run -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H

#include "runtime/emulator/program/SpecialRegister.h"
#include "runtime/emulator/ptx/Syntax.h"

namespace qopt::emulator {

inline constexpr unsigned kWarpSize = 32;

/// A bit for each lane of a warp.
using LaneMask = uint32_t;
inline constexpr LaneMask kAllLanes = ~LaneMask(0);

/// Where a value lies in the register file of a warp: an offset in bytes. A register of up to 32
/// bits is 32 words (narrow values have zeros above), one of 64 bits 32 double words, a predicate a
/// LaneMask. Immediates and special registers have slots of their own, filled before a block runs.
using Slot = uint32_t;

/// Instruction::accessNumber is below.
inline constexpr unsigned kAccessNumbers = 16;

class Warp;
struct Instruction;
using Handler = void (*)(Warp &, const Instruction &, LaneMask);

/// How the warp goes on. Anything but Straight is executed by Warp itself.
enum class Flow : uint8_t {
  Straight,
  Collective,     ///< the lanes of the mask in operands[0] execute together
  Branch,         ///< to code[immediate]
  IndirectBranch, ///< to entry operands[0] of branchTables[immediate]
  Call,           ///< to code[immediate]; operands[0] gets the address to return to
  Return,         ///< to operands[0]
  Exit,
  Barrier, ///< a BarrierMode
  Test,    ///< others go on first where the predicate operands[0] does not hold afterwards
};

struct Instruction {
  /// What Straight, Collective and Test instructions do in the lanes of the mask.
  Handler execute = nullptr;
  const Slot *operands = nullptr; ///< results first
  int64_t immediate = 0;          ///< a branch target, the offset of an address, ...
  Slot guard = 0;                 ///< a predicate
  LaneMask guardFlip = 0;         ///< all ones where the guard is negated
  Flow flow = Flow::Straight;
  bool isFirst = true; ///< of those that make up one PTX instruction
  uint8_t count = 0;   ///< elements of a vector
  uint8_t size = 0;    ///< bytes that one lane accesses
  uint8_t mode = 0;    ///< more that the handler needs to know
  ptx::Space space = ptx::Space::Generic;
  bool narrowAddress = false; ///< addresses have 32 bits
  uint8_t accessNumber = 0;   ///< instructions that follow each other have different ones
  const ptx::Instruction *origin = nullptr;
};

/// One kernel with the functions that it calls, laid out one after the other.
struct Program {
  struct Constant {
    Slot slot;
    unsigned width; ///< bits; 1 for a predicate
    uint64_t value;
  };
  struct SpecialValue {
    Slot slot;
    SpecialRegister name;
  };
  /// A register for which reads before writes are possible.
  struct TrackedRegister {
    Slot written; ///< mask of the lanes that have written it
    std::string name;
  };
  struct Parameter {
    uint32_t offset, size; ///< bytes
  };

  std::shared_ptr<const ptx::Module> module; ///< keeps `origin` alive
  const ptx::Function *kernel = nullptr;
  std::vector<Instruction> code;
  std::vector<Slot> operands;                      ///< that instructions point into
  std::vector<std::vector<uint32_t>> branchTables; ///< of indirect branches
  uint32_t entry = 0;                              ///< index of the kernel's first instruction
  size_t registerBytes = 0;                        ///< register file of a warp
  std::vector<Constant> constants;
  std::vector<SpecialValue> specialValues;
  std::vector<TrackedRegister> trackedRegisters;
  std::vector<Parameter> parameters;
  uint32_t parameterBytes = 0;
  uint32_t staticShared = 0;  ///< bytes
  uint32_t dynamicShared = 0; ///< offset of dynamic shared memory
  uint32_t localBytes = 0;    ///< of one thread
  uint32_t sharedGranule = 4; ///< bytes of the smallest access to shared memory
  uint32_t registerCount = 0; ///< declared, for statistics
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_PROGRAM_H
