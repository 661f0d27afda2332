//===- qopt.cpp - the compiler --------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "runtime/formats/Error.h"
#include "tools/qopt/Diagnostics.h"
#include "tools/qopt/Input.h"
#include "tools/qopt/Output.h"
#include "tools/qopt/Registration.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace qopt;

/// The passes that the command line asks for.
static MlirOptMainConfig configure() {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  config.setPassPipelineSetupFn([requested = config](PassManager &passes) {
    // Only now is there a context. Tests of diagnostics see them as they are.
    if (!requested.shouldVerifyDiagnostics())
      registerDiagnosticPrinter(*passes.getContext());
    return requested.setupPassPipeline(passes);
  });
  return config;
}

/// Throws Error; false if the error is printed.
static bool compile(const Options &options, DialectRegistry &registry) {
  outputKindOf(options.output);
  std::string output;
  llvm::raw_string_ostream stream(output);
  if (failed(MlirOptMain(stream, readInput(options), registry, configure())))
    return false;
  writeOutput(options.output, output);
  return true;
}

int main(int argc, char **argv) {
  DialectRegistry registry;
  registerDialects(registry);
  registerPasses();
  try {
    return compile(parseOptions(argc, argv, registry), registry) ? 0 : 1;
  } catch (const Error &error) {
    llvm::errs() << "error: " << error.what() << "\n";
    return 1;
  }
}
