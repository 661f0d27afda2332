//===- FuseResidualNorm.cpp - an add that a norm reads, as part of it -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/IR/Remarks.h"

namespace qopt {
#define GEN_PASS_DEF_FUSERESIDUALNORM
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

/// A map that adds two whole activations of the norm's width.
static bool isResidualAdd(MapOp map) {
  return isSum(map.getBody()) && llvm::all_of(map.getInputs(), [&](Value input) {
           return cast<RankedTensorType>(input.getType()).getShape() ==
                  cast<RankedTensorType>(map.getType()).getShape();
         });
}

/// The sum becomes a result of the norm, so its other users must come later.
static bool isReadBefore(Value sum, Operation *norm) {
  return llvm::any_of(sum.getUsers(),
                      [&](Operation *user) { return user != norm && user->isBeforeInBlock(norm); });
}

static void fuse(MapOp add, NormOp norm) {
  OpBuilder builder(norm);
  auto fused =
      NormOp::create(builder, norm.getLoc(), norm.getResult().getType(), add.getType(), Type(),
                     norm.getKindAttr(), add.getInputs()[0], add.getInputs()[1], norm.getWeight(),
                     norm.getBias(), Value(), norm.getEpsAttr(), q::SchemeAttr(), DictionaryAttr(),
                     LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
  norm.getResult().replaceAllUsesWith(fused.getResult());
  norm.erase();
  add.getResult().replaceAllUsesWith(fused.getSum());
  add.erase();
}

namespace {

class FuseResidualNormPass : public qopt::impl::FuseResidualNormBase<FuseResidualNormPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isKernelFunction(function))
      return;
    for (auto norm : llvm::make_early_inc_range(function.front().getOps<NormOp>())) {
      auto add = norm.getX().getDefiningOp<MapOp>();
      if (norm.getResidual() || !add || !isResidualAdd(add))
        continue;
      if (isReadBefore(add.getResult(), norm)) {
        remark::missed(norm.getLoc(),
                       remark::RemarkOpts::name("residual-norm").category("fuse-residual-norm"))
            << "the sum is read before it is normalized";
        continue;
      }
      fuse(add, norm);
      ++numFused;
    }
  }
};

} // namespace
