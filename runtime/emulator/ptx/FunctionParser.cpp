//===- FunctionParser.cpp - heads, declarations and statements of functions -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/FunctionParser.h"

#include "runtime/emulator/ptx/VariableParser.h"

using namespace qopt;
using namespace qopt::emulator;
using namespace qopt::emulator::ptx;
using Kind = Token::Kind;

/// Registers of one function. LLVM's unoptimized code stays far below.
static constexpr uint32_t kMaxRegisters = 1 << 18;
static constexpr size_t kMaxNesting = 64;

Function FunctionParser::parse(bool isEntry) {
  function.isEntry = isEntry;
  function.line = tokens.peek().line;
  scopes.emplace_back();
  if (tokens.at("(") && !isEntry)
    parseParameters(function.results);
  function.name = tokens.expectName("the name of a function");
  if (tokens.at("("))
    parseParameters(function.parameters);
  parseDirectives();
  if (tokens.consume(";"))
    return std::move(function);
  parseBody();
  function.isDefined = true;
  return std::move(function);
}

void FunctionParser::parseParameters(std::vector<const Variable *> &list) {
  tokens.expect("(", "before parameters");
  while (!tokens.consume(")")) {
    if (!list.empty())
      tokens.expect(",", "between parameters");
    Token token = tokens.peek();
    if (!tokens.consume(".param"))
      tokens.unexpected("'.param' (parameters in registers are not supported)");
    Variable variable = parseVariable(tokens, Space::Param, false);
    if (variable.isUnsized || !variable.initial.empty())
      tokens.error(token, "parameter {} needs a size and no value", quote(variable.name));
    declareVariable(token, std::move(variable));
    list.push_back(&function.variables.back());
  }
}

std::array<uint32_t, 3> FunctionParser::parseThreads() {
  std::array<uint32_t, 3> threads = {1, 1, 1};
  unsigned count = 0;
  do {
    threads[count++] = uint32_t(tokens.expectInteger(1024, "a number of threads"));
  } while (count < 3 && tokens.consume(","));
  return threads;
}

void FunctionParser::parseDirectives() {
  for (;;) {
    if (tokens.consume(".maxntid"))
      function.maxThreads = parseThreads();
    else if (tokens.consume(".reqntid"))
      function.requiredThreads = parseThreads();
    else if (tokens.consume(".minnctapersm") || tokens.consume(".maxnreg") ||
             tokens.consume(".maxnctapersm"))
      tokens.expectInteger(1024, "a limit"); // for the register allocator
    else if (!tokens.consume(".noreturn"))
      break;
  }
  if (!tokens.at(";") && !tokens.at("{"))
    tokens.unexpected("a directive that the emulator knows, or '{'");
}

void FunctionParser::parseBody() {
  tokens.expect("{", "before the body");
  scopes.emplace_back();
  size_t outer = scopes.size();
  while (scopes.size() >= outer) {
    if (tokens.consume("{")) {
      if (scopes.size() > kMaxNesting)
        tokens.unexpected("fewer nested braces");
      scopes.emplace_back();
    } else if (tokens.consume("}")) {
      scopes.pop_back();
    } else {
      parseStatement();
    }
  }
}

void FunctionParser::parseStatement() {
  Token token = tokens.peek();
  if (tokens.consume(";"))
    return;
  if (tokens.peek(1).text == ":" && token.kind == Kind::Word)
    return parseLabel();
  if (token.text == "@" || !token.text.starts_with('.'))
    return parseInstruction();
  tokens.take();
  if (token.text == ".loc")
    return parseLocation();
  if (token.text == ".reg") {
    parseRegisters();
  } else if (token.text == ".pragma") {
    tokens.expectKind(Kind::String, "a string"); // hints to ptxas
  } else if (std::optional<Space> space = parseSpace(token.text)) {
    Variable variable = parseVariable(tokens, *space, false);
    if (variable.isUnsized || !variable.initial.empty() || *space == Space::Global ||
        *space == Space::Const)
      tokens.error(token, "variable {} cannot be declared in a function", quote(variable.name));
    declareVariable(token, std::move(variable));
  } else {
    tokens.error(token, "the emulator does not know the directive {}", quote(token.text));
  }
  tokens.expect(";", "after a declaration");
}

void FunctionParser::parseRegisters() {
  Token typeToken = tokens.peek();
  std::optional<Type> type;
  if (typeToken.text.starts_with('.'))
    type = parseType(typeToken.text.substr(1));
  if (!type || bitWidth(*type) > 64)
    tokens.unexpected("the type of registers, of at most 64 bits");
  tokens.take();
  do {
    Token token = tokens.peek();
    std::string_view name = tokens.expectName("the name of a register");
    uint32_t count = 0;
    if (tokens.consume("<")) {
      count = uint32_t(tokens.expectInteger(kMaxRegisters, "the number of registers"));
      tokens.expect(">", "after the number of registers");
      if (count == 0)
        continue;
    }
    declareRegisters(token, name, *type, count);
  } while (tokens.consume(","));
}

void FunctionParser::declareRegisters(const Token &token, std::string_view name, Type type,
                                      uint32_t count) {
  uint32_t added = std::max(count, 1u);
  if (function.registers.size() + added > kMaxRegisters)
    tokens.error(token, "{} is one of more than {} registers", quote(name), kMaxRegisters);
  RegisterRange range = {name, RegisterId(function.registers.size()), count};
  if (!scopes.back().registers.try_emplace(name, range).second)
    tokens.error(token, "register {} is declared twice", quote(name));
  function.registerRanges.push_back(range);
  function.registers.resize(function.registers.size() + added, type);
}

void FunctionParser::declareVariable(const Token &token, Variable variable) {
  function.variables.push_back(std::move(variable));
  const Variable &added = function.variables.back();
  if (!scopes.back().variables.try_emplace(added.name, &added).second)
    tokens.error(token, "variable {} is declared twice", quote(added.name));
}

/// `.loc 1 12 3` or `.loc 1 12 3, function_name NAME, inlined_at 1 2 3`: has no semicolon.
void FunctionParser::parseLocation() {
  auto number = [&] { return uint32_t(tokens.expectInteger(UINT32_MAX, "a source location")); };
  uint32_t file = number(), line = number(), column = number();
  location = {file, line, column};
  if (!tokens.consume(","))
    return;
  tokens.expect("function_name", "in a location");
  tokens.expectName("a label");
  if (tokens.consume("+"))
    number();
  tokens.expect(",", "in a location");
  tokens.expect("inlined_at", "in a location");
  for (int i = 0; i < 3; ++i)
    number();
}

void FunctionParser::parseLabel() {
  Token token = tokens.take();
  tokens.expect(":", "after a label");
  if (tokens.consume(".branchtargets"))
    return parseBranchTargets(token.text);
  if (!function.labels.try_emplace(token.text, uint32_t(function.body.size())).second)
    tokens.error(token, "label {} is defined twice", quote(token.text));
}

void FunctionParser::parseBranchTargets(std::string_view label) {
  std::vector<std::string_view> &targets = function.branchTargets[label];
  do {
    targets.push_back(tokens.expectName("a label"));
  } while (tokens.consume(","));
  tokens.expect(";", "after branch targets");
}

void FunctionParser::parseInstruction() {
  Instruction instruction;
  instruction.location = location;
  if (tokens.consume("@")) {
    instruction.guardNegated = tokens.consume("!");
    Token token = tokens.peek();
    std::string_view name = tokens.expectName("a predicate");
    if (!findRegister(name, instruction.guard) ||
        function.registers[instruction.guard] != Type::Pred)
      tokens.error(token, "{} is no predicate", quote(name));
  }
  Token first = tokens.peek();
  if (first.kind != Kind::Word || first.text.starts_with('.') || first.text.starts_with('%'))
    tokens.unexpected("an instruction");
  tokens.take();
  instruction.line = first.line;
  std::string_view rest = first.text;
  for (bool isOpcode = true;; isOpcode = false) {
    size_t dot = rest.find('.');
    std::string_view part = rest.substr(0, dot);
    if (part.empty())
      tokens.error(first, "{} has an empty modifier", quote(first.text));
    if (isOpcode)
      instruction.opcode = part;
    else
      instruction.modifiers.push_back(part);
    if (dot == std::string_view::npos)
      break;
    rest.remove_prefix(dot + 1);
  }
  if (!tokens.at(";")) {
    do {
      instruction.operands.push_back(parseOperand());
    } while (tokens.consume(","));
  }
  instruction.text = tokens.textSince(first);
  tokens.expect(";", "after an instruction");
  function.body.push_back(std::move(instruction));
}
