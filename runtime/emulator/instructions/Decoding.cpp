//===- Decoding.cpp - one PTX instruction while it is decoded -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/instructions/Decoding.h"

#include "runtime/emulator/instructions/Decoders.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <bit>

using namespace qopt;
using namespace qopt::emulator;
using Kind = ptx::Operand::Kind;

Decoding::Decoding(const ptx::Module &module, FunctionCode &code, Symbols &symbols,
                   const ptx::Instruction &instruction)
    : module(module), function(*code.function), in(instruction), symbols(symbols), code(code),
      modifiers(instruction.modifiers), firstOperation(code.operations.size()) {}

void Decoding::error(const std::string &message) const {
  fail("{}:{}: {}: {}", module.fileName, in.line, ptx::quoteInstruction(in), message);
}

void Decoding::run() {
  Decoder decoder = findDecoder(in.opcode);
  if (!decoder)
    error(fmt::format("the emulator does not know the instruction {}", quote(in.opcode)));
  decoder(*this);
  if (!modifiers.empty())
    error(fmt::format("the emulator does not know the modifier .{} here", modifiers.front()));
  for (size_t i = firstOperation; i < code.operations.size(); ++i)
    code.operations[i].instruction.isFirst = i == firstOperation;
}

bool Decoding::has(std::string_view modifier) const {
  return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end();
}

bool Decoding::take(std::string_view modifier) {
  auto found = std::find(modifiers.begin(), modifiers.end(), modifier);
  if (found == modifiers.end())
    return false;
  modifiers.erase(found);
  return true;
}

bool Decoding::takePrefix(std::string_view prefix) {
  auto found = std::find_if(modifiers.begin(), modifiers.end(),
                            [&](std::string_view m) { return m.starts_with(prefix); });
  if (found == modifiers.end())
    return false;
  modifiers.erase(found);
  return true;
}

int Decoding::takeOneOf(std::initializer_list<std::string_view> names) {
  int index = 0;
  for (std::string_view name : names) {
    if (take(name))
      return index;
    ++index;
  }
  return -1;
}

int Decoding::needOneOf(std::initializer_list<std::string_view> names) {
  int index = takeOneOf(names);
  if (index < 0)
    error(fmt::format("expected one of the modifiers .{}", fmt::join(names, " .")));
  return index;
}

std::optional<Type> Decoding::tryTakeType() {
  for (auto i = modifiers.begin(); i != modifiers.end(); ++i) {
    if (std::optional<Type> type = parseType(*i)) {
      modifiers.erase(i);
      return type;
    }
  }
  return std::nullopt;
}

Type Decoding::takeType() {
  if (std::optional<Type> type = tryTakeType())
    return *type;
  error("a type is missing");
}

Type Decoding::takeType(std::initializer_list<Type> allowed) {
  Type type = takeType();
  if (std::find(allowed.begin(), allowed.end(), type) == allowed.end())
    badType(type);
  return type;
}

void Decoding::badType(Type type) const {
  error(fmt::format("the emulator does not know the type .{} here", typeName(type)));
}

void Decoding::expectOperands(size_t least, size_t most) {
  if (numOperands() >= least && numOperands() <= most)
    return;
  error(least == most ? fmt::format("{} operands, expected {}", numOperands(), least)
                      : fmt::format("{} operands, expected {} to {}", numOperands(), least, most));
}

unsigned Decoding::registerWidth(const Operand &operand) const {
  return bitWidth(function.registers[operand.reg]);
}

void Decoding::checkWidth(const Operand &operand, Type type, bool mayBeWider) const {
  unsigned width = registerWidth(operand), needed = bitWidth(type);
  bool fits = mayBeWider && needed > 1 ? width >= needed : width == needed;
  if (!fits)
    error(fmt::format("register {} has {} bits, which does not fit .{}",
                      quote(function.registerName(operand.reg)), width, typeName(type)));
}

Slot Decoding::useRegister(const Operand &operand) {
  uses.push_back(code.firstRegister + operand.reg);
  return symbols.registerSlot(uses.back());
}

Slot Decoding::immediate(const Operand &operand, Type type) {
  unsigned width = bitWidth(type);
  uint64_t bits = operand.bits;
  if (operand.kind == Kind::Integer && isFloat(type) && width >= 32 && type != Type::F16x2 &&
      type != Type::BF16x2)
    error("an integer is no float; write 0f and the bits");
  if (operand.kind == Kind::FloatBits && width != 32)
    error("the immediate has 32 bits");
  if (operand.kind == Kind::DoubleBits || operand.kind == Kind::Decimal) {
    if (type == Type::F32)
      bits = std::bit_cast<uint32_t>(float(std::bit_cast<double>(bits)));
    else if (width != 64)
      error("the immediate has 64 bits");
  }
  return symbols.constant(width, bits);
}

Slot Decoding::special(const Operand &operand, Type type) {
  std::optional<SpecialRegister> name = parseSpecialRegister(operand.name);
  if (!name)
    error(fmt::format("{} is no register that the emulator knows", quote(operand.name)));
  if (bitWidth(*name) != bitWidth(type))
    error(fmt::format("{} has {} bits, which does not fit .{}", operand.name, bitWidth(*name),
                      typeName(type)));
  if (changesOverTime(*name))
    error(fmt::format("{} can only be moved", operand.name));
  return symbols.special(*name);
}

Slot Decoding::use(const Operand &operand, Type type) {
  switch (operand.kind) {
  case Kind::Register:
    checkWidth(operand, type, false);
    if (operand.negated)
      error("'!' does not belong here");
    return useRegister(operand);
  case Kind::SpecialRegister:
    return special(operand, type);
  case Kind::Integer:
  case Kind::FloatBits:
  case Kind::DoubleBits:
  case Kind::Decimal:
    return immediate(operand, type);
  case Kind::Variable:
    if (bitWidth(type) < 32)
      error("an address has 32 or 64 bits");
    return symbols.constant(bitWidth(type),
                            symbols.address(*operand.variable) + uint64_t(operand.offset));
  case Kind::Name:
    error(fmt::format("nothing is called {}", quote(operand.name)));
  default:
    error("an operand is not a single value");
  }
}

Slot Decoding::useWide(const Operand &operand, Type type, unsigned &width) {
  width = std::max(bitWidth(type), 32u);
  if (operand.kind != Kind::Register)
    return use(operand, type);
  checkWidth(operand, type, true);
  width = registerWidth(operand);
  return useRegister(operand);
}

Slot Decoding::defineWide(const Operand &operand, Type type, unsigned &width) {
  width = std::max(bitWidth(type), 32u);
  if (operand.kind == Kind::Sink)
    return symbols.sink(bitWidth(type));
  if (operand.kind != Kind::Register || operand.negated)
    error("a result is not a register");
  checkWidth(operand, type, true);
  width = registerWidth(operand);
  definitions.push_back(code.firstRegister + operand.reg);
  return symbols.registerSlot(definitions.back());
}

Slot Decoding::define(const Operand &operand, Type type) {
  if (operand.kind == Kind::Register)
    checkWidth(operand, type, false);
  unsigned width;
  return defineWide(operand, type, width);
}

Slot Decoding::usePredicate(const Operand &operand, LaneMask &flip) {
  flip = operand.negated ? kAllLanes : 0;
  Operand plain = operand;
  plain.negated = false;
  return use(plain, Type::Pred);
}

std::vector<ptx::Operand> Decoding::elements(size_t i) const {
  if (operand(i).kind == Kind::Vector)
    return operand(i).elements;
  return {operand(i)};
}

Decoding::Address Decoding::address(size_t i, size_t elements) {
  if (operand(i).kind != Kind::Address || operand(i).elements.size() != elements)
    error("an operand is not an address in brackets");
  const Operand &base = operand(i).elements.front();
  Address address = {0, operand(i).offset, false, ptx::Space::Generic};
  switch (base.kind) {
  case Kind::Register:
    address.isNarrow = registerWidth(base) == 32;
    address.base = use(base, address.isNarrow ? Type::B32 : Type::B64);
    break;
  case Kind::Integer:
    address.base = use(base, Type::B64);
    break;
  case Kind::Variable:
    address.space = symbols.space(*base.variable);
    address.base = use(base, Type::B64);
    break;
  default:
    error("an address is not a register, a variable or a number");
  }
  return address;
}

Operation &Decoding::emit(Handler handler, std::vector<Slot> slots) {
  code.operations.emplace_back();
  Operation &operation = code.operations.back();
  operation.instruction.execute = handler;
  operation.instruction.origin = &in;
  operation.instruction.guard = symbols.always();
  operation.operands = std::move(slots);
  operation.isGuarded = in.guard != ptx::Instruction::kNoGuard;
  if (operation.isGuarded) {
    uses.push_back(code.firstRegister + in.guard);
    operation.instruction.guard = symbols.registerSlot(uses.back());
    operation.instruction.guardFlip = in.guardNegated ? kAllLanes : 0;
  }
  operation.uses = std::move(uses);
  operation.definitions = std::move(definitions);
  uses.clear();
  definitions.clear();
  return operation;
}

Operation &Decoding::emitFlow(Flow flow, std::vector<Slot> slots) {
  Operation &operation = emit(nullptr, std::move(slots));
  operation.instruction.flow = flow;
  return operation;
}

Operation &Decoding::emitCollective(Handler handler, std::vector<Slot> slots) {
  Operation &operation = emit(handler, std::move(slots));
  operation.instruction.flow = Flow::Collective;
  return operation;
}

uint32_t Decoding::label(std::string_view name) const {
  auto found = function.labels.find(name);
  if (found == function.labels.end())
    error(fmt::format("no label is called {}", quote(name)));
  return found->second;
}
