//===- PtxOutput.cpp - a model's GPU kernels as text ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/PtxOutput.h"
#include "lowering/gpu/CompileToPtx.h"

using namespace mlir;
using namespace qopt;

namespace {

struct PrintPtx : PassWrapper<PrintPtx, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PrintPtx)

  explicit PrintPtx(std::string &text) : text(text) {}

  StringRef getName() const override { return "PrintPtx"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registerPtxDialects(registry);
  }
  void runOnOperation() override {
    if (failed(compile()))
      signalPassFailure();
  }

private:
  LogicalResult compile() {
    auto modules = llvm::to_vector(getOperation().getOps<gpu::GPUModuleOp>());
    if (modules.size() != 1)
      return getOperation().emitError()
             << "has " << modules.size() << " GPU modules; PTX can be written of one";
    // emit-ptx-kernels names it after its chip.
    StringRef chip = modules.front().getName();
    chip.consume_front("ptx_");
    FailureOr<std::string> ptx = compileToPtx(modules.front(), chip);
    if (failed(ptx))
      return failure();
    text = *std::move(ptx);
    return success();
  }

  std::string &text;
};

} // namespace

std::unique_ptr<Pass> qopt::createPrintPtx(std::string &text) {
  return std::make_unique<PrintPtx>(text);
}
