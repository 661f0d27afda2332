//===- RequireKernels.cpp - refuse what no kernel computes ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "lowering/kernels/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_REQUIREKERNELS
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

struct RequireKernelsPass : qopt::impl::RequireKernelsBase<RequireKernelsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.getSymName() == "load")
        continue;
      WalkResult result = function.walk([](Operation *op) {
        if (auto dequantize = dyn_cast<q::DequantizeOp>(op)) {
          emitError(op->getLoc()) << "no kernel multiplies by "
                                  << describe(dequantize.getScheme().toScheme())
                                  << " weights; mode=fake stores their dequantized values";
          return WalkResult::interrupt();
        }
        if (isa<q::QuantizeOp, q::ObserveOp>(op)) {
          emitError(op->getLoc()) << "no kernel computes '" << op->getName() << "'";
          return WalkResult::interrupt();
        }
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};

} // namespace
