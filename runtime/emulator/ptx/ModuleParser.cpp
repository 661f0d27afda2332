//===- ModuleParser.cpp - PTX modules -------------------------------------===//
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

namespace {

class ModuleParser {
public:
  explicit ModuleParser(Module &module) : module(module), tokens(module.source, module.fileName) {}

  void parse();

private:
  void parseVersion();
  void parseTarget();
  void parseFile();
  void skipSection();
  void parseDeclaration();
  void addFunction(const Token &token, Function function);
  void addVariable(const Token &token, Variable variable);

  Module &module;
  TokenStream tokens;
};

} // namespace

void ModuleParser::parseVersion() {
  // "8.0" is a decimal number to the lexer.
  Token token = tokens.expectKind(Kind::Decimal, "a version");
  std::string_view text = token.text;
  size_t dot = text.find('.');
  if (dot != 1 || text.size() != 3)
    tokens.error(token, "{} is no PTX version", quote(text));
  module.versionMajor = unsigned(text[0] - '0');
  module.versionMinor = unsigned(text[2] - '0');
  if (module.versionMajor * 10 + module.versionMinor > 90)
    tokens.error(token, "PTX version {} is newer than 9.0, the last that the emulator knows", text);
}

void ModuleParser::parseTarget() {
  Token token = tokens.peek();
  module.target = tokens.expectName("a target");
  if (!module.target.starts_with("sm_"))
    tokens.error(token, "target {} is not sm_ and a number", quote(module.target));
  while (tokens.consume(","))
    tokens.expectName("a platform option");
}

void ModuleParser::parseFile() {
  uint32_t number = uint32_t(tokens.expectInteger(UINT32_MAX, "the number of a file"));
  std::string_view name = tokens.expectKind(Kind::String, "the name of a file").text;
  module.files[number] = name.substr(1, name.size() - 2);
  // Time stamp and size.
  while (tokens.consume(","))
    tokens.expectInteger(UINT64_MAX, "a number");
}

/// Debugging information is data for other tools.
void ModuleParser::skipSection() {
  Token token = tokens.peek();
  while (!tokens.consume("{"))
    if (tokens.take().kind != Kind::Word)
      tokens.error(token, "a section has no body");
  while (!tokens.consume("}"))
    if (tokens.take().kind == Kind::End)
      tokens.error(token, "a section is not closed");
}

void ModuleParser::addFunction(const Token &token, Function function) {
  if (module.findVariable(function.name))
    tokens.error(token, "{} is a variable, too", quote(function.name));
  auto [existing, isNew] = module.functions.try_emplace(function.name);
  if (!isNew && existing->second.isDefined) {
    if (function.isDefined)
      tokens.error(token, "function {} is defined twice", quote(function.name));
    return;
  }
  existing->second = std::move(function);
}

void ModuleParser::addVariable(const Token &token, Variable variable) {
  if (module.findVariable(variable.name) || module.functions.contains(variable.name))
    tokens.error(token, "{} is declared twice", quote(variable.name));
  bool isDynamic = variable.isExtern && variable.space == Space::Shared;
  if (variable.isUnsized && !isDynamic)
    tokens.error(token, "variable {} has no size", quote(variable.name));
  if (variable.isExtern && !isDynamic)
    tokens.error(token, "variable {} is in another module, and modules are not linked",
                 quote(variable.name));
  if (variable.space == Space::Shared && !variable.initial.empty())
    tokens.error(token, "shared variable {} cannot have a value", quote(variable.name));
  module.variables.push_back(std::move(variable));
}

void ModuleParser::parseDeclaration() {
  bool isExtern = false;
  for (;;) {
    Token token = tokens.peek();
    if (tokens.consume(".extern")) {
      isExtern = true;
    } else if (tokens.consume(".visible") || tokens.consume(".weak") || tokens.consume(".common")) {
    } else if (tokens.consume(".entry") || tokens.consume(".func")) {
      return addFunction(token, FunctionParser(tokens, module).parse(token.text == ".entry"));
    } else if (std::optional<Space> space = parseSpace(token.text);
               space && *space != Space::Local && *space != Space::Param) {
      tokens.take();
      addVariable(token, parseVariable(tokens, *space, isExtern));
      return tokens.expect(";", "after a variable");
    } else {
      tokens.unexpected("a directive that the emulator knows");
    }
  }
}

void ModuleParser::parse() {
  tokens.expect(".version", "at the beginning");
  parseVersion();
  tokens.expect(".target", "after the version");
  parseTarget();
  while (!tokens.atEnd()) {
    if (tokens.consume(".address_size")) {
      Token token = tokens.peek();
      if (tokens.expectInteger(64, "the size of addresses") != 64)
        tokens.error(token, "addresses of {} bits are not supported, only of 64", token.value);
    } else if (tokens.consume(".file")) {
      parseFile();
    } else if (tokens.consume(".section")) {
      skipSection();
    } else {
      parseDeclaration();
    }
  }
}

std::unique_ptr<const Module> ptx::parse(std::string source, std::string fileName) {
  auto module = std::make_unique<Module>();
  module->source = std::move(source);
  module->fileName = std::move(fileName);
  ModuleParser(*module).parse();
  return module;
}
