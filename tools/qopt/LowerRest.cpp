//===- LowerRest.cpp - what is left to do before an output is written -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/LowerRest.h"
#include "lowering/Pipelines.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace qopt;

namespace {

struct LowerRest : PassWrapper<LowerRest, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerRest)

  explicit LowerRest(StringRef options) : options(options) {}

  StringRef getName() const override { return "LowerRest"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    pipeline().getDependentDialects(registry);
  }
  void runOnOperation() override {
    bool isEmitted =
        llvm::any_of(getOperation().getOps(), llvm::IsaPred<ModuleOp, gpu::GPUModuleOp>);
    if (isEmitted)
      return;
    OpPassManager passes = pipeline();
    if (failed(runPipeline(passes, getOperation())))
      signalPassFailure();
  }

private:
  OpPassManager pipeline() const {
    OpPassManager passes(ModuleOp::getOperationName());
    buildDefaultPipeline(passes, *DefaultPipelineOptions::createFromString(options));
    return passes;
  }

  std::string options;
};

} // namespace

std::unique_ptr<Pass> qopt::createLowerRest(StringRef options) {
  return std::make_unique<LowerRest>(options);
}
