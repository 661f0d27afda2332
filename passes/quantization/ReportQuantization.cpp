//===- ReportQuantization.cpp - report-quantization -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Pass/PassManager.h"
#include "passes/quantization/CalibrationProfile.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/TensorReport.h"
#include "runtime/formats/Error.h"

namespace qopt {
#define GEN_PASS_DEF_REPORTQUANTIZATION
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

struct ReportQuantizationPass : qopt::impl::ReportQuantizationBase<ReportQuantizationPass> {
  using ReportQuantizationBase::ReportQuantizationBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    try {
      if (failed(run()))
        signalPassFailure();
    } catch (const Error &error) {
      getOperation().emitError() << error.what();
      signalPassFailure();
    }
  }

private:
  /// Throws Error.
  LogicalResult run() {
    ModuleOp module = getOperation();
    if (format != "table" && format != "json")
      return module.emitError() << "unknown report format '" << format
                                << "'; table and json are known";
    std::optional<Profile> observed;
    if (!profile.empty())
      observed.emplace(openProfileOfOriginal(profile, module));
    // Folded, a tensor and what is stored of it are both in @load.
    OwningOpRef<ModuleOp> folded(module.clone());
    PassManager passes(&getContext());
    passes.addPass(createFoldQuantization());
    if (failed(passes.run(*folded)))
      return failure();
    FailureOr<std::vector<TensorReport>> tensors =
        reportTensors(*folded, observed ? &*observed : nullptr);
    if (failed(tensors))
      return failure();
    llvm::outs() << (format == "table" ? toTable(*tensors) : toJsonText(*tensors));
    llvm::outs().flush();
    if (keep)
      module->setAttr("q.report", StringAttr::get(&getContext(), toJsonText(*tensors)));
    return success();
  }
};

} // namespace
