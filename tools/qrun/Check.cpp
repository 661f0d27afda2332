//===- Check.cpp - qrun check ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "tools/qrun/CheckKernels.h"
#include "tools/qrun/CheckStatic.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>

using namespace qopt;

namespace {

struct CheckOptions {
  DeviceCheckOptions device;
  bool isStatic = false;
};

} // namespace

static void runCheck(const CheckOptions &options) {
  if (options.isStatic)
    return runStaticCheck(options.device.artifact, options.device.json);
  if (options.device.model.device == "cpu")
    fail("nothing to check: give --device cuda or --device cuda-emu, or --static");
  if (!runDeviceCheck(options.device))
    throw CLI::RuntimeError(1);
}

void qopt::addCheckCommand(CLI::App &app) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App *command = app.add_subcommand("check", "Check the GPU kernels of an artifact");
  command->add_option("artifact", options->device.artifact, "The artifact: X.qmod")->required();
  command->add_flag("--static", options->isStatic,
                    "Count what each kernel needs and does, without a device");
  command->add_flag("--json", options->device.json, "Print one JSON object");
  command
      ->add_option("--past", options->device.kernels.pasts,
                   "Tokens in the cache before a step, separated by commas")
      ->delimiter(',')
      ->check(CLI::Range(0, int(maxStepRows)))
      ->allow_extra_args(false)
      ->capture_default_str();
  command->add_option("--seed", options->device.kernels.seed, "Draws other operands")
      ->capture_default_str();
  CLI::Option *text =
      command->add_option("--text", options->device.textFile,
                          "Text file to compare the whole model's predictions on, as well");
  command->add_option("--text-tokens", options->device.textTokens, "Tokens of it at most")
      ->capture_default_str()
      ->check(CLI::Range(2, int(maxStepRows)))
      ->needs(text);
  command->add_option("--max-kl", options->device.maxDivergence, "Limit of the mean KL")
      ->capture_default_str()
      ->needs(text);
  command
      ->add_option("--max-logit-error", options->device.maxLogitError,
                   "Limit of the largest difference of a logit")
      ->capture_default_str()
      ->needs(text);
  options->device.model.addTo(*command);
  command->footer("Example: qrun check tiny.qmod --device cuda-emu\n"
                  "Exits with 1 if anything disagrees.");
  command->callback([options] { runCheck(*options); });
}
