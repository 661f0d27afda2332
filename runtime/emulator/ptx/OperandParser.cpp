//===- OperandParser.cpp - operands of PTX instructions -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/FunctionParser.h"

using namespace qopt;
using namespace qopt::emulator;
using namespace qopt::emulator::ptx;
using Kind = Token::Kind;

/// No instruction has more operands in braces or parentheses; calls may.
static constexpr size_t kMaxElements = 256;

bool FunctionParser::findRegister(std::string_view name, RegisterId &reg) const {
  // `%r12` may be one of `%r<16>`, or declared by itself.
  size_t digits = name.size();
  while (digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  std::string_view prefix = name.substr(0, digits), number = name.substr(digits);
  bool isNumber =
      !number.empty() && number.size() <= 9 && (number.size() == 1 || number.front() != '0');
  uint32_t index = 0;
  for (char c : isNumber ? number : std::string_view())
    index = index * 10 + uint32_t(c - '0');

  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    auto exact = scope->registers.find(name);
    if (exact != scope->registers.end() && exact->second.count == 0) {
      reg = exact->second.first;
      return true;
    }
    auto range = scope->registers.find(prefix);
    if (isNumber && range != scope->registers.end() && index < range->second.count) {
      reg = range->second.first + index;
      return true;
    }
  }
  return false;
}

const Variable *FunctionParser::findVariable(std::string_view name) const {
  for (auto scope = scopes.rbegin(); scope != scopes.rend(); ++scope) {
    auto found = scope->variables.find(name);
    if (found != scope->variables.end())
      return found->second;
  }
  return module.findVariable(name);
}

Operand FunctionParser::parseOperand() {
  Operand operand = parseSimpleOperand();
  if (!tokens.at("|"))
    return operand;
  Operand pair;
  pair.kind = Operand::Kind::Pair;
  pair.elements.push_back(std::move(operand));
  while (tokens.consume("|"))
    pair.elements.push_back(parseSimpleOperand());
  if (pair.elements.size() != 2)
    tokens.unexpected("two operands around '|'");
  return pair;
}

Operand FunctionParser::parseSimpleOperand() {
  Token token = tokens.peek();
  Operand operand;
  if (token.kind == Kind::Word)
    return parseWord();
  if (tokens.consume("[")) {
    return parseAddress();
  } else if (tokens.consume("{")) {
    operand.kind = Operand::Kind::Vector;
    operand.elements = parseElements("}");
  } else if (tokens.consume("(")) {
    operand.kind = Operand::Kind::List;
    operand.elements = parseElements(")");
  } else if (tokens.consume("!")) {
    operand = parseWord();
    if (operand.kind != Operand::Kind::Register)
      tokens.error(token, "'!' is for predicates");
    operand.negated = true;
  } else {
    return parseNumber();
  }
  return operand;
}

std::vector<Operand> FunctionParser::parseElements(std::string_view close) {
  std::vector<Operand> elements;
  while (!tokens.consume(close)) {
    if (!elements.empty())
      tokens.expect(",", "between operands");
    Token token = tokens.peek();
    if (token.kind == Kind::Punctuation && token.text != "-")
      tokens.unexpected("a register or number");
    elements.push_back(parseSimpleOperand());
    if (elements.size() > kMaxElements)
      tokens.error(token, "more than {} operands", kMaxElements);
  }
  return elements;
}

Operand FunctionParser::parseNumber() {
  bool negative = tokens.consume("-");
  Token token = tokens.peek();
  Operand operand;
  operand.bits = token.value;
  uint64_t signBit = 0;
  switch (token.kind) {
  case Kind::Integer:
    operand.kind = Operand::Kind::Integer;
    if (negative)
      operand.bits = 0 - operand.bits;
    break;
  case Kind::FloatBits:
    operand.kind = Operand::Kind::FloatBits;
    signBit = uint64_t(1) << 31;
    break;
  case Kind::DoubleBits:
    operand.kind = Operand::Kind::DoubleBits;
    signBit = uint64_t(1) << 63;
    break;
  case Kind::Decimal:
    operand.kind = Operand::Kind::Decimal;
    signBit = uint64_t(1) << 63;
    break;
  default:
    tokens.unexpected("an operand");
  }
  if (negative)
    operand.bits ^= signBit;
  tokens.take();
  return operand;
}

int64_t FunctionParser::parseOffset() {
  if (!tokens.at("+") && !tokens.at("-"))
    return 0;
  bool negative = tokens.consume("-");
  if (!negative && tokens.consume("+"))
    negative = tokens.consume("-");
  Token token = tokens.expectKind(Kind::Integer, "an offset");
  return int64_t(negative ? 0 - token.value : token.value);
}

Operand FunctionParser::parseWord() {
  Token token = tokens.peek();
  if (token.kind != Kind::Word || token.text.starts_with('.'))
    tokens.unexpected("an operand");
  tokens.take();
  Operand operand;
  operand.name = token.text;
  if (token.text == "_")
    return operand;
  if (findRegister(token.text, operand.reg)) {
    operand.kind = Operand::Kind::Register;
  } else if (token.text.starts_with('%')) {
    operand.kind = Operand::Kind::SpecialRegister;
  } else if (const Variable *variable = findVariable(token.text)) {
    operand.kind = Operand::Kind::Variable;
    operand.variable = variable;
    operand.offset = parseOffset();
  } else {
    operand.kind = Operand::Kind::Name;
  }
  return operand;
}

Operand FunctionParser::parseAddress() {
  Operand address;
  address.kind = Operand::Kind::Address;
  Operand base = tokens.peek().kind == Kind::Word ? parseWord() : parseNumber();
  address.offset = parseOffset();
  if (base.kind == Operand::Kind::Variable) {
    address.offset += base.offset;
    base.offset = 0;
  }
  address.elements.push_back(std::move(base));
  while (tokens.consume(",")) {
    if (tokens.at("[") || tokens.at("("))
      tokens.unexpected("coordinates");
    address.elements.push_back(parseSimpleOperand());
  }
  tokens.expect("]", "after an address");
  return address;
}
