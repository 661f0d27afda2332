//===- Instrument.cpp - observe the inputs of linears ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/ModelHash.h"
#include "passes/quantization/Passes.h"
#include "runtime/formats/Error.h"
#include "llvm/ADT/MapVector.h"

namespace qopt {
#define GEN_PASS_DEF_INSTRUMENT
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

struct InstrumentPass : qopt::impl::InstrumentBase<InstrumentPass> {
  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
};

} // namespace

/// Emits an error if a profile of the module would not be one of a model in its original form.
static LogicalResult checkOriginal(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    if (isa<q::QuantizeOp, q::DequantizeOp>(op))
      return op->emitError("is quantized: run --instrument on the original model, without "
                           "quantization"),
             WalkResult::interrupt();
    if (isa<q::ObserveOp>(op))
      return op->emitError("is observed already"), WalkResult::interrupt();
    if (auto linear = dyn_cast<llm::LinearOp>(op))
      if (linear.isPacked() || !linear.getWeight().getDefiningOp<llm::GetOp>())
        return op->emitError("has no weight of the checkpoint: run --instrument before other "
                             "passes"),
               WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult InstrumentPass::run() {
  ModuleOp module = getOperation();
  if (failed(checkOriginal(module)))
    return failure();
  CheckpointNames names(module);
  llvm::MapVector<Value, SmallVector<llm::LinearOp>> readers;
  module.walk([&](llm::LinearOp linear) { readers[linear.getX()].push_back(linear); });
  if (readers.empty())
    return module.emitError("has no llm.linear whose input could be observed");
  try {
    module->setAttr(llm::kModelHashAttr, StringAttr::get(&getContext(), hashModel(module)));
  } catch (const Error &error) {
    return module.emitError() << error.what();
  }
  OpBuilder builder(&getContext());
  for (auto &[x, linears] : readers) {
    SmallVector<std::string> weights;
    for (llm::LinearOp linear : linears)
      weights.push_back(names.lookup(linear.getWeight().getDefiningOp<llm::GetOp>().getParam()));
    builder.setInsertionPoint(linears.front());
    q::ObserveOp::create(builder, linears.front().getLoc(), x,
                         builder.getStrArrayAttr(llvm::to_vector_of<StringRef>(weights)));
    ++numObserved;
  }
  return success();
}
