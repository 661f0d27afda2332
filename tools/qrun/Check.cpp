//===- Check.cpp - qrun check ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "tools/qrun/CheckStatic.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>

using namespace qopt;

namespace {

struct CheckOptions {
  std::string artifact;
  bool isStatic = false;
  bool json = false;
};

} // namespace

static void runCheck(const CheckOptions &options) {
  if (!options.isStatic)
    fail("qrun check needs --static");
  runStaticCheck(options.artifact, options.json);
}

void qopt::addCheckCommand(CLI::App &app) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App *command = app.add_subcommand("check", "Check the GPU kernels of an artifact");
  command->add_option("artifact", options->artifact, "The artifact: X.qmod")->required();
  command->add_flag("--static", options->isStatic,
                    "Count what each kernel needs and does, without a device");
  command->add_flag("--json", options->json, "Print one JSON object");
  command->footer("Example: qrun check tiny.qmod --static");
  command->callback([options] { runCheck(*options); });
}
