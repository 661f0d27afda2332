//===- FuseDecodeAttention.cpp - append and attention of single tokens ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/Passes.h"
#include "mlir/IR/Remarks.h"
#include "llvm/Support/MathExtras.h"

namespace qopt {
#define GEN_PASS_DEF_FUSEDECODEATTENTION
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

/// Two blocks for each multiprocessor. More parts than this take too long to combine.
static constexpr int64_t kMaxSplits = 64;

static int64_t chooseSplits(const ptx::AttentionShape &shape) {
  int64_t heads = shape.kvHeads * ptx::DecodeAttentionConfig::tiles(shape);
  if (heads > kCounters)
    return 1;
  int64_t wanted = std::max<int64_t>(2 * ptx::kMultiprocessors / heads, 1);
  return std::min<int64_t>(int64_t(llvm::bit_floor(uint64_t(wanted))), kMaxSplits);
}

namespace {

struct FuseDecodeAttention : qopt::impl::FuseDecodeAttentionBase<FuseDecodeAttention> {
  using Base::Base;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    auto target = function->getAttrOfType<StringAttr>(kTargetAttr);
    if (!target || target != "ptx")
      return;
    if (splits < 0) {
      function.emitError() << "splits must not be negative, but are " << splits.getValue();
      return signalPassFailure();
    }
    for (auto attention : llvm::make_early_inc_range(function.front().getOps<AttentionOp>())) {
      if (std::optional<StringRef> reason = whyNot(attention)) {
        remark::missed(
            attention.getLoc(),
            remark::RemarkOpts::name("append-attention").category("fuse-decode-attention"))
            << *reason;
        continue;
      }
      fuse(attention);
      ++numFused;
    }
  }

private:
  static std::optional<StringRef> whyNot(AttentionOp attention) {
    auto append = attention.getQ().getDefiningOp<RopeAppendOp>();
    if (cast<RankedTensorType>(attention.getResult().getType()).isDynamicDim(0))
      return "there may be several rows of a sequence";
    if (!append || append.getCacheAttr() != attention.getCacheAttr())
      return "q is not what a rope_append for the same cache left";
    if (!append.getResult().hasOneUse())
      return "q has other uses";
    // Others may read or write the cache between.
    for (Operation *op = append->getNextNode(); op != attention; op = op->getNextNode())
      if (!isMemoryEffectFree(op))
        return "the attention does not follow the append at once";
    return std::nullopt;
  }

  void fuse(AttentionOp attention) {
    auto append = attention.getQ().getDefiningOp<RopeAppendOp>();
    OpBuilder builder(attention);
    ptx::AttentionShape shape(attention, attention.getCacheAttr(), attention.getHeads());
    int64_t parts = splits > 0 ? splits : chooseSplits(shape);
    auto type = cast<RankedTensorType>(attention.getResult().getType());
    Type partials;
    if (parts > 1)
      partials = RankedTensorType::get(
          {type.getDimSize(0),
           AppendAttentionOp::getPartialColumns(parts, attention.getHeads(), shape.headDim)},
          builder.getF32Type());
    auto fused = AppendAttentionOp::create(
        builder, attention.getLoc(), type, partials, append.getQ(), append.getK(), append.getV(),
        append.getQNorm(), append.getKNorm(), attention.getKeyBias(), append.getCacheAttr(),
        append.getOffsetsAttr(), append.getHeadsAttr(), append.getEpsAttr(), append.getRopeAttr(),
        attention.getScaleAttr(), attention.getSoftmaxAttr(), builder.getI64IntegerAttr(parts),
        DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
    attention.replaceAllUsesWith(fused.getResult());
    attention.erase();
    append.erase();
  }
};

} // namespace
