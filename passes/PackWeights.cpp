//===- PackWeights.cpp - weights in panels --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

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

/// The linears outside `@load` and the parameters that they read.
class Packer {
public:
  explicit Packer(ModuleOp module);

  /// The linears that are not packed and whose parameters can be.
  ArrayRef<llm::LinearOp> packable() const { return packableLinears; }
  /// The other linears that are not packed, and why.
  ArrayRef<std::pair<llm::LinearOp, std::string>> left() const { return leftLinears; }

  /// Packs the parameters of one of packable(), for all their readers, unless they are already.
  /// The number of parameters packed.
  int64_t pack(llm::LinearOp linear);

private:
  llm::ParamOp paramOf(Value value) const;
  std::string obstacle(llm::LinearOp linear, const llvm::DenseSet<Operation *> &blocked) const;
  void pack(llm::ParamOp param, int64_t ways);

  Parameters parameters;
  SmallVector<llm::LinearOp> packableLinears;
  SmallVector<std::pair<llm::LinearOp, std::string>> leftLinears;
};

struct PackWeightsPass : qopt::impl::PackWeightsBase<PackWeightsPass> {
  void runOnOperation() override;
};

} // namespace

/// Whether two slices read the halves of `linear`'s result, and all that happens to them is
/// `mul(act(one), other)`.
static bool makesGatedHalves(llm::LinearOp linear) {
  int64_t half = linear.getType().getDimSize(1) / 2;
  if (linear.getBias() || linear.getType().getDimSize(1) % 2)
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

/// The weight and, if there is one, the bias.
static SmallVector<Value, 2> parametersOf(llm::LinearOp linear) {
  return llvm::to_vector<2>(linear->getOperands().drop_front());
}

/// Whether a packed parameter can stand for it: weights and biases of linears, and tables.
static bool canReadPacked(OpOperand &use) {
  if (auto embedding = dyn_cast<llm::EmbeddingOp>(use.getOwner()))
    return &use == &embedding.getTableMutable();
  auto linear = dyn_cast<llm::LinearOp>(use.getOwner());
  return linear && !linear.isPacked() && use.getOperandNumber() > 0;
}

Packer::Packer(ModuleOp module) : parameters(module) {
  SmallVector<llm::LinearOp> linears;
  module.walk([&](llm::LinearOp linear) {
    if (!linear.isPacked())
      linears.push_back(linear);
  });
  // A linear's parameters are packed together, and for all their readers: what stops one stops all.
  llvm::DenseSet<Operation *> blocked;
  llvm::MapVector<Operation *, std::string> reasons;
  for (bool changed = true; changed;) {
    changed = false;
    for (llm::LinearOp linear : linears) {
      std::string reason = obstacle(linear, blocked);
      if (reason.empty() || !reasons.try_emplace(linear, reason).second)
        continue;
      changed = true;
      for (Value value : parametersOf(linear))
        blocked.insert(paramOf(value));
    }
  }
  for (llm::LinearOp linear : linears)
    if (!reasons.contains(linear))
      packableLinears.push_back(linear);
    else
      leftLinears.push_back({linear, reasons.lookup(linear)});
}

llm::ParamOp Packer::paramOf(Value value) const {
  auto get = value.getDefiningOp<llm::GetOp>();
  return get ? parameters.lookup(get.getParamAttr()) : llm::ParamOp();
}

/// Why the parameters of `linear` cannot be packed; empty if they can.
std::string Packer::obstacle(llm::LinearOp linear,
                             const llvm::DenseSet<Operation *> &blocked) const {
  for (Value value : parametersOf(linear)) {
    llm::ParamOp param = paramOf(value);
    if (!param)
      return "its " + std::string(value == linear.getWeight() ? "weight" : "bias") +
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

int64_t Packer::pack(llm::LinearOp linear) {
  if (linear.isPacked())
    return 0; // with an earlier one that has the same parameters
  llm::ParamOp weight = paramOf(linear.getWeight());
  bool interleaves = llvm::all_of(parameters.readsOf(weight), [](llm::GetOp get) {
    return llvm::all_of(get->getUsers(), [](Operation *user) {
      auto reader = dyn_cast<llm::LinearOp>(user);
      return reader && makesGatedHalves(reader);
    });
  });
  pack(weight, interleaves ? 2 : 1);
  // The bias may be shared with a linear that is packed already.
  if (!linear.getBias() || linear.getBias().getType().getRank() != 1)
    return 1;
  pack(paramOf(linear.getBias()), 1);
  return 2;
}

/// Replaces all reads of `param` by reads of its packed form.
void Packer::pack(llm::ParamOp param, int64_t ways) {
  Value value = parameters.valueInLoad(param);
  Value packed = llm::PackOp::create(parameters.loadBuilder(), param.getLoc(),
                                     llm::PackOp::packedType(param.getType(), ways), value, ways);
  llm::ParamOp packedParam = parameters.define(param.getSymName().str() + ".packed", packed, param);
  for (llm::GetOp get : parameters.readsOf(param)) {
    get.setParamAttr(FlatSymbolRefAttr::get(packedParam));
    get.getResult().setType(packedParam.getType());
    for (Operation *user : get->getUsers())
      if (auto linear = dyn_cast<llm::LinearOp>(user); linear && linear.getWeight() == get)
        linear.setWays(ways);
  }
}

void PackWeightsPass::runOnOperation() {
  Packer packer(getOperation());
  for (llm::LinearOp linear : packer.packable())
    numPacked += packer.pack(linear);
  for (const auto &[linear, reason] : packer.left()) {
    ++numLeft;
    linear->emitRemark() << "not packed: " << reason;
  }
}
