//===- qopt.cpp - the compiler --------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "passes/quantization/Passes.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/TemporaryPath.h"
#include "tools/qopt/Diagnostics.h"
#include "tools/qopt/Input.h"
#include "tools/qopt/LowerRest.h"
#include "tools/qopt/Output.h"
#include "tools/qopt/PtxOutput.h"
#include "tools/qopt/Registration.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace qopt;

/// Throws Error; false if the error is printed.
static bool compile(const Options &options, DialectRegistry &registry) {
  OutputKind kind = outputKindOf(options.output, options.emit);
  std::string ptx;
  const bool hasReport = !options.quantizationReport.empty();
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  config.setPassPipelineSetupFn([&, requested = config](PassManager &passes) -> LogicalResult {
    // Only now is there a context. Tests of diagnostics see them as they are.
    if (!requested.shouldVerifyDiagnostics())
      registerDiagnosticPrinter(*passes.getContext());
    if (failed(requested.setupPassPipeline(passes)))
      return failure();
    if (hasReport)
      passes.addPass(createReportQuantization(
          {options.quantizationReport, options.reportProfile, kind == OutputKind::Artifact}));
    std::string lowering =
        options.allowDequantizedFallback ? "allow-dequantized-fallback=true " : "";
    if (kind == OutputKind::Artifact) {
      passes.addPass(createLowerRest(lowering));
      passes.addPass(createWriteArtifact({options.output}));
    } else if (kind == OutputKind::Ptx) {
      passes.addPass(createLowerRest(lowering + "targets=ptx chips=sm_80"));
      passes.addPass(createPrintPtx(ptx));
    } else if (kind == OutputKind::Gguf) {
      passes.addPass(createWriteGguf({options.output}));
    }
    return success();
  });

  std::string ir;
  llvm::raw_string_ostream stream(ir);
  if (failed(MlirOptMain(stream, readInput(options), registry, config)))
    return false;
  bool isReportOnly = hasReport && options.output == "-";
  bool isText = kind == OutputKind::Ir || kind == OutputKind::Ptx;
  if (isText && !isReportOnly)
    writeOutput(options.output, kind == OutputKind::Ptx ? ptx : ir);
  return true;
}

int main(int argc, char **argv) {
  removeTemporariesWhenInterrupted();
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
