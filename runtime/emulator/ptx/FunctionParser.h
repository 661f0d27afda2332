//===- FunctionParser.h - bodies of PTX functions ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_FUNCTIONPARSER_H
#define QOPT_RUNTIME_EMULATOR_PTX_FUNCTIONPARSER_H

#include "runtime/emulator/ptx/Syntax.h"
#include "runtime/emulator/ptx/TokenStream.h"
#include <unordered_map>

namespace qopt::emulator::ptx {

/// Parses from the parameter lists on, up to the closing brace or the semicolon of a declaration.
class FunctionParser {
public:
  FunctionParser(TokenStream &tokens, const Module &module) : tokens(tokens), module(module) {}

  Function parse(bool isEntry);

private:
  /// What names mean between two braces. `%r<8>` is one entry.
  struct Scope {
    std::unordered_map<std::string_view, RegisterRange> registers;
    std::unordered_map<std::string_view, const Variable *> variables;
  };

  void parseParameters(std::vector<const Variable *> &list);
  void parseDirectives();
  std::array<uint32_t, 3> parseThreads();
  void parseBody();
  void parseStatement();
  void parseRegisters();
  void declareRegisters(const Token &token, std::string_view name, Type type, uint32_t count);
  void declareVariable(const Token &token, Variable variable);
  void parseLocation();
  void parseBranchTargets(std::string_view label);
  void parseLabel();
  void parseInstruction();
  Operand parseOperand();
  Operand parseSimpleOperand();
  Operand parseNumber();
  Operand parseWord();
  Operand parseAddress();
  std::vector<Operand> parseElements(std::string_view close);
  int64_t parseOffset();
  bool findRegister(std::string_view name, RegisterId &reg) const;
  const Variable *findVariable(std::string_view name) const;

  TokenStream &tokens;
  const Module &module;
  Function function;
  std::vector<Scope> scopes;
  Location location;
};

} // namespace qopt::emulator::ptx

#endif // QOPT_RUNTIME_EMULATOR_PTX_FUNCTIONPARSER_H
