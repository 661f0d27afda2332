//===- Subcommand.h - the subcommands of qrun -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_SUBCOMMAND_H
#define QOPT_TOOLS_QRUN_SUBCOMMAND_H

namespace CLI {
class App;
} // namespace CLI

namespace qopt {

// Each adds its subcommand to the application, with a callback that runs it: one file each. A
// callback throws an Error for what the user is to be told.

void addGenerateCommand(CLI::App &app);
void addBenchCommand(CLI::App &app);
void addCalibrateCommand(CLI::App &app);
void addCheckCommand(CLI::App &app);
void addCompareCommand(CLI::App &app);
void addEvalCommand(CLI::App &app);
void addInfoCommand(CLI::App &app);
void addKvStudyCommand(CLI::App &app);
void addMemoryCommand(CLI::App &app);
void addStudyCommand(CLI::App &app);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_SUBCOMMAND_H
