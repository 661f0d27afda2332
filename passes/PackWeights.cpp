//===- PackWeights.cpp - weights in panels --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "passes/Parameters.h"
#include "passes/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace qopt {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "passes/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// The linears and quantized tables outside `@load` and the parameters that they read.
class Packer {
public:
  Packer(ModuleOp module, bool isCompact);

  /// The ops that are not packed and whose parameters can be.
  ArrayRef<Operation *> packable() const { return packableOps; }
  /// The other ops that are not packed, and why.
  ArrayRef<std::pair<Operation *, std::string>> left() const { return leftOps; }

  /// Packs the parameters of one of packable(), for all their readers, unless they are already.
  /// The number of parameters packed.
  int64_t pack(Operation *op);

private:
  llm::ParamOp paramOf(Value value) const;
  std::string obstacle(Operation *op, const llvm::DenseSet<Operation *> &blocked) const;
  bool canInterleave(llm::ParamOp param) const;
  void pack(llm::ParamOp param, int64_t ways, q::SchemeAttr scheme);

  Parameters parameters;
  bool isCompact;
  SmallVector<Operation *> packableOps;
  SmallVector<std::pair<Operation *, std::string>> leftOps;
  llvm::DenseSet<Operation *> packedParams;
};

struct PackWeightsPass : qopt::impl::PackWeightsBase<PackWeightsPass> {
  using PackWeightsBase::PackWeightsBase;
  void runOnOperation() override;
};

} // namespace

/// Whether two slices read the halves of `linear`'s result, and all that happens to them is
/// `mul(act(one), other)`.
static bool makesGatedHalves(llm::LinearInterface linear) {
  int64_t columns = linear.getOutputType().getDimSize(1), half = columns / 2;
  if (linear.getBiasOperand() || columns % 2)
    return false;
  bool hasHalf[2] = {};
  int activations = 0;
  SmallPtrSet<Operation *, 2> products;
  for (Operation *user : linear->getUsers()) {
    auto slice = dyn_cast<llm::SliceOp>(user);
    if (!slice || slice.getType().getDimSize(1) != half || slice.getOffset() % half ||
        std::exchange(hasHalf[slice.getOffset() / half], true) || !slice->hasOneUse())
      return false;
    Operation *reader = *slice->user_begin();
    if (isa<llm::SiluOp, llm::GeluOp>(reader) && reader->hasOneUse()) {
      ++activations;
      reader = *reader->user_begin();
    }
    products.insert(reader);
  }
  return hasHalf[0] && hasHalf[1] && activations == 1 && products.size() == 1 &&
         isa<llm::MulOp>(*products.begin());
}

/// What an op reads in panels, if it does so: the parameters of a linear, or of a quantized table.
static SmallVector<Value, 4> packedOperandsOf(Operation *op) {
  if (auto linear = dyn_cast<llm::LinearInterface>(op))
    return linear.getParameterOperands();
  if (isa<q::EmbeddingOp>(op))
    return llvm::to_vector<4>(op->getOperands().drop_front());
  return {};
}

/// The scheme of the codes that an op reads in panels; null for other weights.
static q::SchemeAttr schemeOf(Operation *op) {
  if (auto linear = dyn_cast<q::LinearOp>(op))
    return linear.getWeightScheme();
  if (auto embedding = dyn_cast<q::EmbeddingOp>(op))
    return embedding.getScheme();
  return {};
}

static bool isPacked(Operation *op) {
  SmallVector<Value, 4> operands = packedOperandsOf(op);
  return !operands.empty() && cast<RankedTensorType>(operands[0].getType()).getRank() > 2;
}

/// Whether a packed parameter can stand for it: parameters of linears, and tables.
static bool canReadPacked(OpOperand &use) {
  if (auto embedding = dyn_cast<llm::EmbeddingOp>(use.getOwner()))
    return &use == &embedding.getTableMutable();
  return !isPacked(use.getOwner()) &&
         llvm::is_contained(packedOperandsOf(use.getOwner()), use.get());
}

Packer::Packer(ModuleOp module, bool isCompact) : parameters(module), isCompact(isCompact) {
  SmallVector<Operation *> readers;
  module.walk([&](Operation *op) {
    if (!packedOperandsOf(op).empty() && !isPacked(op))
      readers.push_back(op);
  });
  // An op's parameters are packed together, and for all their readers: what stops one stops all.
  llvm::DenseSet<Operation *> blocked;
  llvm::MapVector<Operation *, std::string> reasons;
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation *op : readers) {
      std::string reason = obstacle(op, blocked);
      if (reason.empty() || !reasons.try_emplace(op, reason).second)
        continue;
      changed = true;
      for (Value value : packedOperandsOf(op))
        blocked.insert(paramOf(value));
    }
  }
  for (Operation *op : readers)
    if (!reasons.contains(op))
      packableOps.push_back(op);
    else
      leftOps.push_back({op, reasons.lookup(op)});
}

llm::ParamOp Packer::paramOf(Value value) const {
  auto get = value.getDefiningOp<llm::GetOp>();
  return get ? parameters.lookup(get.getParamAttr()) : llm::ParamOp();
}

/// Why the parameters of `op` cannot be packed; empty if they can.
std::string Packer::obstacle(Operation *op, const llvm::DenseSet<Operation *> &blocked) const {
  auto linear = dyn_cast<llm::LinearInterface>(op);
  for (Value value : packedOperandsOf(op)) {
    llm::ParamOp param = paramOf(value);
    if (!param)
      return "its " + std::string(linear && value == linear.getBiasOperand() ? "bias" : "weight") +
             " is computed where it is used";
    if (blocked.contains(param))
      return param.getSymName().str() + " has a reader that needs it as it is";
    for (llm::GetOp get : parameters.readsOf(param))
      for (OpOperand &use : get->getUses())
        if (!canReadPacked(use))
          return (param.getSymName() + " is read by " + use.getOwner()->getName().getStringRef() +
                  ", too")
              .str();
  }
  return "";
}

/// Whether all that read a weight make both halves of gated MLPs from it.
bool Packer::canInterleave(llm::ParamOp param) const {
  return llvm::all_of(parameters.readsOf(param), [](llm::GetOp get) {
    return llvm::all_of(get->getUsers(), [](Operation *user) {
      auto reader = dyn_cast<llm::LinearInterface>(user);
      return reader && makesGatedHalves(reader);
    });
  });
}

int64_t Packer::pack(Operation *op) {
  int64_t count = 0;
  auto linear = dyn_cast<llm::LinearInterface>(op);
  for (Value value : packedOperandsOf(op)) {
    llm::ParamOp param = paramOf(value);
    if (packedParams.contains(param))
      continue; // with an earlier op that has the same parameters
    bool isBias = linear && value == linear.getBiasOperand();
    pack(param, !isBias && canInterleave(param) ? 2 : 1, isBias ? q::SchemeAttr() : schemeOf(op));
    ++count;
  }
  return count;
}

/// Replaces all reads of `param` by reads of its packed form.
void Packer::pack(llm::ParamOp param, int64_t ways, q::SchemeAttr scheme) {
  Value value = parameters.valueInLoad(param);
  auto type = cast<RankedTensorType>(value.getType());
  if (isCompact && scheme && q::compactType(scheme, type) != type) {
    type = q::compactType(scheme, type);
    value = q::CompactOp::create(parameters.loadBuilder(), param.getLoc(), type, value, scheme);
  }
  Value packed = llm::PackOp::create(parameters.loadBuilder(), param.getLoc(),
                                     llm::PackOp::packedType(type, ways), value, ways);
  llm::ParamOp packedParam = parameters.define(param.getSymName().str() + ".packed", packed, param);
  packedParams.insert(packedParam);
  for (llm::GetOp get : parameters.readsOf(param)) {
    get.setParamAttr(FlatSymbolRefAttr::get(packedParam));
    get.getResult().setType(packedParam.getType());
    for (Operation *user : get->getUsers())
      if (auto linear = dyn_cast<llm::LinearInterface>(user);
          linear && linear.getWeightOperands()[0] == get.getResult())
        linear.setWays(ways);
  }
}

void PackWeightsPass::runOnOperation() {
  Packer packer(getOperation(), compact);
  for (Operation *op : packer.packable())
    numPacked += packer.pack(op);
  for (const auto &[op, reason] : packer.left()) {
    ++numLeft;
    op->emitRemark() << "not packed: " << reason;
  }
}
