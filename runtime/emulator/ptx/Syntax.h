//===- Syntax.h - PTX as parsed ---------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_SYNTAX_H
#define QOPT_RUNTIME_EMULATOR_PTX_SYNTAX_H

#include "runtime/emulator/ptx/Type.h"
#include <array>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace qopt::emulator::ptx {

using RegisterId = uint32_t;

enum class Space : uint8_t { Generic, Param, Global, Const, Shared, Local };

struct Variable {
  std::string_view name;
  Space space = Space::Global;
  uint64_t size = 0; ///< bytes
  uint64_t alignment = 1;
  bool isExtern = false;
  bool isUnsized = false;         ///< `extern .shared .b8 name[]`: dynamic shared memory
  std::vector<std::byte> initial; ///< as many bytes as the initializer gives; the rest is zero
};

struct Operand {
  enum class Kind : uint8_t {
    Register,        ///< `reg`
    SpecialRegister, ///< `name`
    Integer,         ///< `bits`
    FloatBits,       ///< `bits`: of an f32
    DoubleBits,      ///< `bits`: of an f64
    Decimal,         ///< `bits`: of a double that takes the instruction's type
    Variable,        ///< the address of `variable`, plus `offset`
    Name,            ///< a label or function
    Address,         ///< `[elements[0] + offset, elements[1]...]`
    Vector,          ///< `{elements...}`
    Pair,            ///< `elements[0]|elements[1]`
    List,            ///< `(elements...)`
    Sink,            ///< `_`
  };
  Kind kind = Kind::Sink;
  bool negated = false; ///< `!%p`
  RegisterId reg = 0;
  std::string_view name;
  uint64_t bits = 0;
  int64_t offset = 0;
  const Variable *variable = nullptr;
  std::vector<Operand> elements;
};

struct Location {
  uint32_t file = 0; ///< number of a `.file`; 0 where no `.loc` precedes
  uint32_t line = 0;
  uint32_t column = 0;
};

struct Instruction {
  static constexpr RegisterId kNoGuard = ~RegisterId(0);

  std::string_view text; ///< as in the source, without the guard and the semicolon
  uint32_t line = 0;
  Location location;
  RegisterId guard = kNoGuard;
  bool guardNegated = false;
  std::string_view opcode;                 ///< up to the first dot
  std::vector<std::string_view> modifiers; ///< what the dots separate
  std::vector<Operand> operands;
};

/// Registers of one declaration: `%r<8>`, or `%SP` with count 0.
struct RegisterRange {
  std::string_view name;
  RegisterId first = 0;
  uint32_t count = 0;
};

struct Function {
  std::string_view name;
  uint32_t line = 0;
  bool isEntry = false;
  bool isDefined = false; ///< has a body
  std::vector<const Variable *> results, parameters;
  std::array<uint32_t, 3> maxThreads = {}, requiredThreads = {}; ///< zeros where not given
  std::deque<Variable> variables;            ///< of this function, with parameters and results
  std::vector<RegisterRange> registerRanges; ///< in ascending order of ids
  std::vector<Type> registers;               ///< types by id
  std::vector<Instruction> body;
  std::map<std::string_view, uint32_t> labels; ///< indices in `body`; one past the end is possible
  std::map<std::string_view, std::vector<std::string_view>> branchTargets;

  /// `%r3`, for messages.
  std::string registerName(RegisterId id) const;
};

/// A translation unit. Views point into `source`.
struct Module {
  std::string fileName;
  std::string source;
  unsigned versionMajor = 0, versionMinor = 0;
  std::string_view target; ///< `sm_80`
  std::deque<Variable> variables;
  std::map<std::string_view, Function> functions;
  std::map<uint32_t, std::string> files; ///< of `.file`

  const Variable *findVariable(std::string_view name) const;
};

/// The text of an instruction on one line, in quotes, for messages.
std::string quoteInstruction(const Instruction &instruction);

/// Parses PTX of versions up to 9.0. Throws an Error of the form `FILE:LINE: message` for anything
/// that is no PTX or that the emulator does not know; opcodes and modifiers are the decoder's.
std::unique_ptr<const Module> parse(std::string source, std::string fileName);

} // namespace qopt::emulator::ptx

#endif // QOPT_RUNTIME_EMULATOR_PTX_SYNTAX_H
