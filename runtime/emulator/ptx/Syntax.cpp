//===- Syntax.cpp - PTX as parsed -----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Syntax.h"

#include "runtime/formats/Quote.h"
#include <algorithm>
#include <fmt/format.h>

using namespace qopt;
using namespace qopt::emulator::ptx;

const Variable *Module::findVariable(std::string_view name) const {
  for (const Variable &variable : variables)
    if (variable.name == name)
      return &variable;
  return nullptr;
}

std::string Function::registerName(RegisterId id) const {
  auto next = std::upper_bound(registerRanges.begin(), registerRanges.end(), id,
                               [](RegisterId id, const RegisterRange &r) { return id < r.first; });
  const RegisterRange &range = *std::prev(next);
  return range.count ? fmt::format("{}{}", range.name, id - range.first) : std::string(range.name);
}

std::string emulator::ptx::quoteInstruction(const Instruction &instruction) {
  std::string line;
  for (char c : instruction.text) {
    bool isBlank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!isBlank)
      line += c;
    else if (!line.ends_with(' '))
      line += ' ';
  }
  return quote(line);
}
