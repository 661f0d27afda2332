//===- Decoding.h - one PTX instruction while it is decoded -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODING_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODING_H

#include "runtime/emulator/program/Symbols.h"
#include "runtime/formats/Error.h"
#include <initializer_list>

namespace qopt::emulator {

/// What decoders work with: takes modifiers one by one, resolves operands to slots, appends
/// operations. Whatever a decoder does not take is an error in the end.
class Decoding {
public:
  using Operand = ptx::Operand;

  Decoding(const ptx::Module &module, FunctionCode &code, Symbols &symbols,
           const ptx::Instruction &instruction);

  /// Decodes the instruction with the decoder that its opcode has.
  void run();

  [[noreturn]] void error(const std::string &message) const;

  // Modifiers, in any order.

  bool has(std::string_view modifier) const;
  bool take(std::string_view modifier);
  /// The index of the one of `names` that is there, or -1.
  int takeOneOf(std::initializer_list<std::string_view> names);
  /// The same, or an error.
  int needOneOf(std::initializer_list<std::string_view> names);
  /// Types come in order.
  std::optional<Type> tryTakeType();
  Type takeType();
  /// One of the types, or an error.
  Type takeType(std::initializer_list<Type> allowed);
  /// Takes away a modifier that starts with `prefix` (`L2::`), if there is one.
  bool takePrefix(std::string_view prefix);
  /// "the emulator does not know .f16 here"
  [[noreturn]] void badType(Type type) const;

  // Operands, by index.

  size_t numOperands() const { return in.operands.size(); }
  void expectOperands(size_t least, size_t most);
  void expectOperands(size_t count) { expectOperands(count, count); }
  const Operand &operand(size_t i) const { return in.operands[i]; }

  /// The slot of a value of `type`: a register of its width, an immediate, a special register or
  /// the address of a variable.
  Slot use(const Operand &operand, Type type);
  Slot use(size_t i, Type type) { return use(operand(i), type); }
  /// The same where the register may be wider than the value; `width` gets the register's.
  Slot useWide(const Operand &operand, Type type, unsigned &width);
  Slot define(const Operand &operand, Type type);
  Slot define(size_t i, Type type) { return define(operand(i), type); }
  Slot defineWide(const Operand &operand, Type type, unsigned &width);
  /// A predicate; `flip` is all ones where it is negated.
  Slot usePredicate(const Operand &operand, LaneMask &flip);
  /// The registers of `{...}`, or of a single operand.
  std::vector<Operand> elements(size_t i) const;

  struct Address {
    Slot base;
    int64_t offset;
    bool isNarrow;    ///< the base has 32 bits
    ptx::Space space; ///< of the variable, if it is one, else Generic
  };
  /// `elements` of which the brackets have more where coordinates follow.
  Address address(size_t i, size_t elements = 1);

  /// Appends an operation that takes the slots, results first. Registers used and defined since the
  /// last one are noted for it.
  Operation &emit(Handler handler, std::initializer_list<Slot> slots) {
    return emit(handler, std::vector<Slot>(slots));
  }
  Operation &emit(Handler handler, std::vector<Slot> slots);
  Operation &emitFlow(Flow flow, std::vector<Slot> slots = {});
  Operation &emitCollective(Handler handler, std::vector<Slot> slots);
  /// Where a label leads: an index in the body.
  uint32_t label(std::string_view name) const;
  /// A mask operand for collectives that all lanes of a warp must reach.
  Slot allLanes() { return symbols.constant(32, kAllLanes); }

  const ptx::Module &module;
  const ptx::Function &function;
  const ptx::Instruction &in;
  Symbols &symbols;

private:
  Slot useRegister(const Operand &operand);
  Slot immediate(const Operand &operand, Type type);
  Slot special(const Operand &operand, Type type);
  unsigned registerWidth(const Operand &operand) const;
  void checkWidth(const Operand &operand, Type type, bool mayBeWider) const;

  FunctionCode &code;
  std::vector<std::string_view> modifiers; ///< not taken yet
  std::vector<RegisterIndex> uses, definitions;
  size_t firstOperation;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_DECODING_H
