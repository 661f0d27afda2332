//===- FuseRopeAppend.cpp - q/k norm, rotation and KV append as one kernel ===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/IR/Remarks.h"

namespace qopt {
#define GEN_PASS_DEF_FUSEROPEAPPEND
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

namespace {

/// Where a q, k or v comes from: columns of `source`, normalized and rotated where these are set.
struct Heads {
  Value source;
  int64_t offset = 0;
  llm::RmsNormOp norm;
  llm::RopeOp rope;
};

/// One append and the attention over what it appended.
class Fusion {
public:
  Fusion(llm::KvAppendOp append, func::FuncOp function) : append(append), function(function) {}

  /// Why not, if it fails.
  std::optional<StringRef> run() {
    attention = findAttention();
    if (!attention)
      return "no attention over the cache follows";
    q = trace(attention.getQ());
    k = trace(append.getK());
    v = trace(append.getV());
    if (v.rope || v.norm)
      return "v is normalized or rotated";
    if (ropeOf(q) != (keysAreUnrotated() ? attention.getRopeAttr() : ropeOf(k)))
      return "q and k are rotated differently";
    if (bool(q.norm) != bool(k.norm) || (q.norm && q.norm.getEpsAttr() != k.norm.getEpsAttr()))
      return "q and k are normalized differently";
    for (const Heads &heads : {q, k})
      if ((heads.rope && !heads.rope->hasOneUse()) || (heads.norm && !heads.norm->hasOneUse()))
        return "q or k has other uses";
    create();
    return std::nullopt;
  }

private:
  static llm::RopeAttr ropeOf(const Heads &heads) {
    llm::RopeOp rope = heads.rope;
    return rope ? rope.getRopeAttr() : llm::RopeAttr();
  }
  /// Whether attention rotates the keys that it reads.
  bool keysAreUnrotated() { return !k.rope && attention.getRopeAttr(); }

  AttentionOp findAttention() {
    for (Operation *op = append->getNextNode(); op; op = op->getNextNode()) {
      if (auto candidate = dyn_cast<AttentionOp>(op))
        if (candidate.getCacheAttr() == append.getCacheAttr())
          return candidate;
      if (auto other = dyn_cast<llm::KvAppendOp>(op))
        if (other.getCacheAttr() == append.getCacheAttr())
          return {};
    }
    return {};
  }

  /// Goes up through rotation, then norm, then slices.
  static Heads trace(Value value) {
    Heads heads;
    heads.rope = value.getDefiningOp<llm::RopeOp>();
    if (heads.rope)
      value = heads.rope.getX();
    heads.norm = value.getDefiningOp<llm::RmsNormOp>();
    if (heads.norm)
      value = heads.norm.getX();
    for (auto map = value.getDefiningOp<MapOp>(); map && isIdentity(map.getBody());
         map = value.getDefiningOp<MapOp>()) {
      heads.offset += map.getOffsets()[0];
      value = map.getInputs()[0];
    }
    heads.source = value;
    return heads;
  }

  void create() {
    OpBuilder builder(attention);
    auto operands = function->getAttrOfType<TypeAttr>(kOperandTypeAttr);
    RankedTensorType type = cast<RankedTensorType>(attention.getQ().getType());
    if (operands && attention.getQ().hasOneUse())
      type = RankedTensorType::get(type.getShape(), operands.getValue());
    Value old = attention.getQ();
    auto fused = RopeAppendOp::create(
        builder, append.getLoc(), type, q.source, k.source, v.source,
        q.norm ? q.norm.getWeight() : Value(), k.norm ? k.norm.getWeight() : Value(),
        append.getCacheAttr(), builder.getDenseI64ArrayAttr({q.offset, k.offset, v.offset}),
        attention.getHeadsAttr(), q.norm ? q.norm.getEpsAttr() : FloatAttr(), ropeOf(q),
        keysAreUnrotated() ? builder.getUnitAttr() : UnitAttr(), DictionaryAttr(), LaunchAttr(),
        StringAttr(), DenseI64ArrayAttr());
    attention.getQMutable().assign(fused.getResult());
    SmallVector<Value> dead{old, append.getK(), append.getV()};
    append.erase();
    while (!dead.empty()) {
      Operation *op = dead.pop_back_val().getDefiningOp();
      if (!op || !op->use_empty() || !isa<llm::RopeOp, llm::RmsNormOp, MapOp>(op))
        continue;
      dead.push_back(op->getOperand(0));
      op->erase();
    }
  }

  llm::KvAppendOp append;
  func::FuncOp function;
  AttentionOp attention;
  Heads q, k, v;
};

class FuseRopeAppendPass : public qopt::impl::FuseRopeAppendBase<FuseRopeAppendPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isKernelFunction(function))
      return;
    for (auto append : llvm::make_early_inc_range(function.front().getOps<llm::KvAppendOp>())) {
      Location loc = append.getLoc();
      if (std::optional<StringRef> reason = Fusion(append, function).run())
        remark::missed(loc, remark::RemarkOpts::name("rope-append").category("fuse-rope-append"))
            << *reason;
      else
        ++numFused;
    }
  }
};

} // namespace
