//===- PtxOutput.cpp - a model's GPU kernels as text ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/PtxOutput.h"
#include "lowering/Pipelines.h"
#include "lowering/gpu/CompileToPtx.h"
#include "mlir/Pass/PassManager.h"
#include "tools/qopt/Registration.h"

using namespace mlir;
using namespace qopt;

namespace {

struct PrintPtx : PassWrapper<PrintPtx, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintPtx)

  explicit PrintPtx(std::string &text) : text(text) {}

  StringRef getName() const override { return "PrintPtx"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registerDialects(registry);
    registerPtxDialects(registry);
  }
  void runOnOperation() override {
    if (failed(emitKernels()) || failed(compile()))
      signalPassFailure();
  }

private:
  SmallVector<gpu::GPUModuleOp> kernels() {
    return llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>());
  }

  LogicalResult emitKernels() {
    if (!kernels().empty())
      return success();
    OpPassManager passes(ModuleOp::getOperationName());
    buildDefaultPipeline(passes, *DefaultPipelineOptions::createFromString("targets=ptx"));
    return runPipeline(passes, getOperation());
  }

  LogicalResult compile() {
    SmallVector<gpu::GPUModuleOp> modules = kernels();
    if (modules.size() != 1)
      return getOperation().emitError()
             << "has " << modules.size() << " GPU modules; PTX can be written of one";
    // emit-ptx-kernels names it after its chip.
    StringRef chip = modules.front().getName();
    chip.consume_front("ptx_");
    FailureOr<std::string> ptx = compileToPtx(modules.front(), chip);
    if (succeeded(ptx))
      text = *std::move(ptx);
    return ptx;
  }

  std::string &text;
};

} // namespace

std::unique_ptr<Pass> qopt::createPrintPtx(std::string &text) {
  return std::make_unique<PrintPtx>(text);
}
