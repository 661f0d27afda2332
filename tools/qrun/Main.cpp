//===- Main.cpp - qrun: run and measure artifacts -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/formats/TemporaryPath.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <cstdio>

/// One line, whatever is in the message.
static int reportError(std::string message) {
  for (char &c : message)
    if (c == '\n')
      c = ' ';
  std::fflush(stdout);
  std::fprintf(stderr, "error: %s\n", message.c_str());
  return 1;
}

// What is thrown before the commands run is CLI11's word of a mistake in their declaration.
// NOLINTNEXTLINE(bugprone-exception-escape)
int main(int argc, char **argv) {
  qopt::removeTemporariesWhenInterrupted();
  CLI::App app("Runs artifacts of qopt: generates text, evaluates, measures.", "qrun");
  app.set_version_flag("--version", "qrun " QOPT_VERSION);
  app.require_subcommand(1);
  app.footer("Example: qrun generate tiny.qmod --prompt \"Once upon a time\" -n 100");
  qopt::addGenerateCommand(app);
  qopt::addEvalCommand(app);
  qopt::addBenchCommand(app);
  qopt::addCompareCommand(app);
  qopt::addCalibrateCommand(app);
  qopt::addCheckCommand(app);
  qopt::addInfoCommand(app);
  qopt::addKvStudyCommand(app);
  qopt::addMemoryCommand(app);
  qopt::addStudyCommand(app);

  // CLI11 would only say that a subcommand is missing.
  auto isFirst = [&](const CLI::App *command) { return command->check_name(argv[1]); };
  if (argc > 1 && app.get_subcommands(isFirst).empty() && !app.get_option_no_throw(argv[1]))
    return reportError("unknown subcommand or option " + qopt::quote(argv[1]) +
                       " (see qrun --help)");

  try {
    app.parse(argc, argv);
    if (std::fflush(stdout) != 0 || std::ferror(stdout))
      qopt::fail("cannot write to the standard output: {}", std::strerror(errno));
  } catch (const CLI::Success &success) {
    return app.exit(success); // --help and --version
  } catch (const CLI::RuntimeError &error) {
    return error.get_exit_code(); // A command that has said what is wrong.
  } catch (const CLI::ParseError &error) {
    // The command's own help, once there is one.
    const std::vector<CLI::App *> commands = app.get_subcommands();
    const std::string command = commands.empty() ? "" : commands.front()->get_name() + " ";
    return reportError(fmt::format("{} (see qrun {}--help)", error.what(), command));
  } catch (const qopt::Error &error) {
    return reportError(error.what());
  } catch (const std::bad_alloc &) {
    return reportError("out of memory");
  }
  return 0;
}
