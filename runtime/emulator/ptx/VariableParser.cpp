//===- VariableParser.cpp - declarations of PTX variables -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/VariableParser.h"

#include <bit>

using namespace qopt;
using namespace qopt::emulator;
using namespace qopt::emulator::ptx;
using Kind = Token::Kind;

/// Larger variables than any GPU's memory are a mistake; sizes below cannot overflow.
static constexpr uint64_t kMaxBytes = uint64_t(1) << 40;
/// Initializers are held in memory.
static constexpr uint64_t kMaxInitialized = uint64_t(1) << 26;

std::optional<Space> ptx::parseSpace(std::string_view directive) {
  if (directive == ".global")
    return Space::Global;
  if (directive == ".const")
    return Space::Const;
  if (directive == ".shared" || directive == ".shared::cta")
    return Space::Shared;
  if (directive == ".local")
    return Space::Local;
  if (directive == ".param")
    return Space::Param;
  return std::nullopt;
}

static uint64_t parseAlignment(TokenStream &tokens) {
  Token token = tokens.peek();
  uint64_t alignment = tokens.expectInteger(4096, "an alignment");
  if (!std::has_single_bit(alignment))
    tokens.error(token, "alignment {} is no power of two", alignment);
  return alignment;
}

/// `.ptr .global .align 16`, which only promises.
static void skipPointerAttributes(TokenStream &tokens) {
  for (;;) {
    if (tokens.consume(".align"))
      parseAlignment(tokens);
    else if (!tokens.consume(".global") && !tokens.consume(".const") &&
             !tokens.consume(".shared") && !tokens.consume(".local"))
      return;
  }
}

/// The bits of one element of an initializer.
static uint64_t parseElement(TokenStream &tokens, Type type) {
  bool negative = tokens.consume("-");
  Token token = tokens.take();
  unsigned bits = bitWidth(type);
  switch (token.kind) {
  case Kind::Integer:
    if (isFloat(type) && bits >= 32)
      tokens.error(token, "{} initializes a variable of type .{}", quote(token.text),
                   typeName(type));
    return negative ? 0 - token.value : token.value;
  case Kind::FloatBits:
    if (bits != 32)
      break;
    return token.value ^ (negative ? uint64_t(1) << 31 : 0);
  case Kind::DoubleBits:
    if (bits != 64)
      break;
    return token.value ^ (negative ? uint64_t(1) << 63 : 0);
  case Kind::Decimal: {
    double value = std::bit_cast<double>(token.value) * (negative ? -1 : 1);
    if (type == Type::F32)
      return std::bit_cast<uint32_t>(float(value));
    if (type == Type::F64)
      return std::bit_cast<uint64_t>(value);
    break;
  }
  default:
    break;
  }
  tokens.error(token, "{} cannot initialize a variable of type .{}", quote(token.text),
               typeName(type));
}

static void parseInitializer(TokenStream &tokens, Variable &variable, Type type) {
  auto append = [&] {
    Token token = tokens.peek();
    unsigned bytes = bitWidth(type) / 8;
    uint64_t bits = parseElement(tokens, type);
    if (variable.initial.size() + bytes > std::min(variable.size, kMaxInitialized))
      tokens.error(token, "the initializer of {} is longer than its {} bytes", quote(variable.name),
                   variable.size);
    for (unsigned i = 0; i < bytes; ++i)
      variable.initial.push_back(std::byte(bits >> (8 * i)));
  };
  if (!tokens.at("{"))
    return append();
  // Nested braces only group.
  for (unsigned depth = 0;;) {
    if (tokens.consume("{")) {
      ++depth;
    } else if (tokens.consume("}")) {
      if (--depth == 0)
        return;
    } else if (!tokens.consume(",")) {
      append();
    }
  }
}

Variable ptx::parseVariable(TokenStream &tokens, Space space, bool isExtern) {
  Variable variable;
  variable.space = space;
  variable.isExtern = isExtern;
  uint64_t alignment = 0;
  std::optional<Type> type;
  Token typeToken = tokens.peek();
  for (;;) {
    typeToken = tokens.peek();
    if (tokens.consume(".align")) {
      alignment = parseAlignment(tokens);
    } else if (space == Space::Param && tokens.consume(".ptr")) {
      skipPointerAttributes(tokens);
    } else if (typeToken.kind == Kind::Word && typeToken.text.starts_with('.')) {
      std::optional<Type> found = parseType(typeToken.text.substr(1));
      if (!found || *found == Type::Pred || type)
        tokens.unexpected("the type or name of a variable");
      type = found;
      tokens.take();
    } else {
      break;
    }
  }
  Token name = tokens.peek();
  variable.name = tokens.expectName("the name of a variable");
  if (!type)
    tokens.error(name, "variable {} has no type", quote(variable.name));

  uint64_t elementBytes = bitWidth(*type) / 8;
  variable.size = elementBytes;
  variable.alignment = std::max(alignment, elementBytes);
  while (tokens.consume("[")) {
    if (tokens.consume("]")) {
      variable.isUnsized = true;
      variable.size = 0;
      continue;
    }
    uint64_t count = tokens.expectInteger(kMaxBytes, "a number of elements");
    if (variable.size != 0 && count > kMaxBytes / variable.size)
      tokens.error(name, "variable {} is larger than 2^40 bytes", quote(variable.name));
    variable.size *= count;
    tokens.expect("]", "after the number of elements");
  }
  if (tokens.consume("="))
    parseInitializer(tokens, variable, *type);
  return variable;
}
