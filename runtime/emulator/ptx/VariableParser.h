//===- VariableParser.h - declarations of PTX variables ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H
#define QOPT_RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H

#include "runtime/emulator/ptx/Syntax.h"
#include "runtime/emulator/ptx/TokenStream.h"

namespace qopt::emulator::ptx {

/// The state space called `directive` (".shared"), if it is one that variables can be in.
std::optional<Space> parseSpace(std::string_view directive);

/// Parses what follows the state space: `.align 16 .b8 name[4][8] = {...}`, up to and without the
/// semicolon. Kernel parameters may have `.ptr` attributes.
Variable parseVariable(TokenStream &tokens, Space space, bool isExtern);

} // namespace qopt::emulator::ptx

#endif // QOPT_RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H
