//===- FuseQuantize.cpp - codes come straight from what is quantized ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/IR/Remarks.h"

namespace qopt {
#define GEN_PASS_DEF_FUSEQUANTIZE
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static void explain(Operation *op, const Twine &reason) {
  remark::missed(op->getLoc(), remark::RemarkOpts::name("quantize").category("fuse-quantize"))
      << reason.str();
}

/// Whether the whole of one activation is quantized as it is.
static bool readsOneActivation(QuantizeOp quantize) {
  if (quantize.getInputs().size() != 1 || !isIdentity(quantize.getBody()))
    return false;
  auto input = cast<RankedTensorType>(quantize.getInputs()[0].getType());
  auto result = cast<RankedTensorType>(quantize.getResult().getType());
  return input.getShape() == result.getShape();
}

/// The norm's result is what the quantize made of it.
static bool fuse(NormOp norm, QuantizeOp quantize) {
  if (quantize.getScheme().getGranularity() == q::Granularity::Tensor && !quantize.getScale()) {
    explain(quantize, "the scale of all rows is not known while the first is normalized");
    return false;
  }
  OpBuilder builder(norm);
  auto typeOf = [](Value value) { return value ? value.getType() : Type(); };
  // A given scale is a parameter, read where it is needed first.
  if (Value scale = quantize.getScale())
    scale.getDefiningOp()->moveBefore(norm);
  auto fused = NormOp::create(
      builder, norm.getLoc(), quantize.getResult().getType(), typeOf(norm.getSum()),
      typeOf(quantize.getScales()), norm.getKindAttr(), norm.getX(), norm.getResidual(),
      norm.getWeight(), norm.getBias(), quantize.getScale(), norm.getEpsAttr(),
      quantize.getSchemeAttr(), DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
  quantize.getResult().replaceAllUsesWith(fused.getResult());
  if (quantize.getScales())
    quantize.getScales().replaceAllUsesWith(fused.getScales());
  if (norm.getSum())
    norm.getSum().replaceAllUsesWith(fused.getSum());
  quantize.erase();
  norm.erase();
  return true;
}

/// The map's region computes what is quantized.
static bool fuse(MapOp map, QuantizeOp quantize) {
  OpBuilder builder(quantize);
  auto fused = QuantizeOp::create(builder, quantize.getLoc(), quantize.getResult().getType(),
                                  quantize.getScales() ? quantize.getScales().getType() : Type(),
                                  map.getInputs(), quantize.getScale(), map.getOffsetsAttr(),
                                  quantize.getSchemeAttr(), DictionaryAttr(), LaunchAttr(),
                                  StringAttr(), DenseI64ArrayAttr());
  fused.getBody().takeBody(map.getBody());
  quantize.getResult().replaceAllUsesWith(fused.getResult());
  if (quantize.getScales())
    quantize.getScales().replaceAllUsesWith(fused.getScales());
  quantize.erase();
  map.erase();
  return true;
}

namespace {

class FuseQuantizePass : public qopt::impl::FuseQuantizeBase<FuseQuantizePass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isKernelFunction(function))
      return;
    for (auto quantize : llvm::make_early_inc_range(function.front().getOps<QuantizeOp>())) {
      if (!readsOneActivation(quantize))
        continue;
      Operation *producer = quantize.getInputs()[0].getDefiningOp();
      auto norm = dyn_cast_or_null<NormOp>(producer);
      auto map = dyn_cast_or_null<MapOp>(producer);
      if (!norm && !map)
        continue;
      if (!quantize.getInputs()[0].hasOneUse() || (norm && norm.getResultScheme())) {
        explain(quantize, "what is quantized has other readers, too");
        continue;
      }
      numFused += norm ? fuse(norm, quantize) : fuse(map, quantize);
    }
  }
};

} // namespace
