//===- FuseProjections.cpp - one linear for several of one input ----------===//
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
#define GEN_PASS_DEF_FUSEPROJECTIONS
#include "passes/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// Linears of one block that read one value, in order.
using Group = SmallVector<llm::LinearInterface>;

struct FuseProjectionsPass : qopt::impl::FuseProjectionsBase<FuseProjectionsPass> {
  void runOnOperation() override;
  void fuse(const Group &group, Parameters &parameters);
};

} // namespace

/// The parameter that `value` is read from, if nothing else reads it; else null.
static llm::ParamOp paramOf(Value value, const Parameters &parameters) {
  auto get = value.getDefiningOp<llm::GetOp>();
  if (!get || !get->hasOneUse())
    return {};
  llm::ParamOp param = parameters.lookup(get.getParamAttr());
  return llvm::hasSingleElement(parameters.readsOf(param)) ? param : llm::ParamOp();
}

/// The schemes of a q.linear, null for those that it has not.
static std::pair<q::SchemeAttr, q::SchemeAttr> schemesOf(llm::LinearInterface linear) {
  auto quantized = dyn_cast<q::LinearOp>(linear.getOperation());
  if (!quantized)
    return {};
  return {quantized.getWeightSchemeAttr(), quantized.getXSchemeAttr()};
}

/// Why the group cannot become one linear; empty if it can.
static StringRef obstacle(Group &group, const Parameters &parameters) {
  llm::LinearInterface first = group.front();
  for (llm::LinearInterface linear : group) {
    for (Value weight : linear.getWeightOperands())
      if (!paramOf(weight, parameters))
        return "a weight is not a parameter or has other readers, too";
    if (linear.isPacked())
      return "a weight is packed already";
    if (linear->getName() != first->getName())
      return "only some are quantized";
    if (getElementTypeOrSelf(linear.getWeightOperands()[0]) !=
        getElementTypeOrSelf(first.getWeightOperands()[0]))
      return "the weights have different types";
    Value bias = linear.getBiasOperand(), firstBias = first.getBiasOperand();
    if (bool(bias) != bool(firstBias))
      return "only some have a bias";
    if (schemesOf(linear) != schemesOf(first))
      return "the weights or inputs have different schemes";
    if (!bias)
      continue;
    if (!paramOf(bias, parameters))
      return "a bias is not a parameter or has other readers, too";
    if (getElementTypeOrSelf(bias) != getElementTypeOrSelf(firstBias))
      return "the biases have different types";
  }
  return "";
}

/// The checkpoint's name for a linear.
static StringRef moduleName(llm::LinearInterface linear) {
  auto name = linear.getLoc()->findInstanceOf<NameLoc>();
  return name ? name.getName().getValue() : StringRef("linear");
}

/// A name for a.q_proj, a.k_proj and a.v_proj together: a.qkv_proj; so also a.gate_up_proj.
static std::string commonName(ArrayRef<llm::LinearInterface> group) {
  auto [parent, first] = moduleName(group.front()).rsplit('.');
  StringRef suffix = first.substr(std::min(first.rfind('_'), first.size()));
  bool haveLetters = true;
  SmallVector<StringRef> stems;
  for (llm::LinearInterface linear : group) {
    StringRef stem = moduleName(linear).rsplit('.').second;
    stem.consume_back(suffix);
    haveLetters &= stem.size() == 1;
    stems.push_back(stem);
  }
  return (parent + "." + llvm::join(stems, haveLetters ? "" : "_") + suffix).str();
}

/// A read, at `builder`, of a new parameter that stacks those which `values` are read from.
static Value buildStacked(OpBuilder &builder, StringRef name, Location loc, ValueRange values,
                          Parameters &parameters) {
  SmallVector<Value> parts;
  SmallVector<int64_t> shape(cast<RankedTensorType>(values[0].getType()).getShape());
  shape[0] = 0;
  llm::ParamOp last;
  for (Value value : values) {
    last = paramOf(value, parameters);
    parts.push_back(parameters.valueInLoad(last));
    shape[0] += last.getType().getDimSize(0);
  }
  auto type = RankedTensorType::get(shape, last.getType().getElementType());
  Value stacked = llm::ConcatOp::create(parameters.loadBuilder(), loc, type, parts);
  llm::ParamOp param = parameters.define(name, stacked, last);
  return llm::GetOp::create(builder, loc, type, FlatSymbolRefAttr::get(param));
}

void FuseProjectionsPass::fuse(const Group &group, Parameters &parameters) {
  llm::LinearInterface first = group.front();
  std::string name = commonName(group);
  Location loc = NameLoc::get(StringAttr::get(&getContext(), name));
  OpBuilder builder(first);
  SmallVector<StringRef> suffixes = first.getWeightSuffixes();
  suffixes.push_back(".bias");
  SmallVector<Value> stacked;
  for (size_t i = 0; i < first.getParameterOperands().size(); ++i) {
    auto parts = llvm::map_to_vector(
        group, [&](llm::LinearInterface linear) { return linear.getParameterOperands()[i]; });
    stacked.push_back(buildStacked(builder, name + suffixes[i].str(), loc, parts, parameters));
  }

  auto fused = cast<llm::LinearInterface>(builder.clone(*first));
  fused->setLoc(loc);
  for (auto [from, to] : llvm::zip_equal(first.getParameterOperands(), stacked))
    fused->replaceUsesOfWith(from, to);
  int64_t columns = cast<RankedTensorType>(stacked[0].getType()).getDimSize(0);
  RankedTensorType firstType = first.getOutputType();
  fused->getResult(0).setType(
      RankedTensorType::get({firstType.getDimSize(0), columns}, firstType.getElementType()));

  int64_t offset = 0;
  for (llm::LinearInterface linear : group) {
    RankedTensorType type = linear.getOutputType();
    auto slice = llm::SliceOp::create(builder, linear.getLoc(), type, fused->getResult(0), offset);
    linear->getResult(0).replaceAllUsesWith(slice.getResult());
    offset += type.getDimSize(1);
  }
  for (llm::LinearInterface linear : group) {
    auto reads = llvm::map_to_vector(linear.getParameterOperands(),
                                     [](Value operand) { return operand.getDefiningOp(); });
    linear.erase();
    for (Operation *get : reads)
      get->erase();
    ++numFused;
  }
}

void FuseProjectionsPass::runOnOperation() {
  llvm::MapVector<std::pair<Value, Block *>, Group> groups;
  getOperation().walk([&](llm::LinearInterface linear) {
    groups[{linear.getInput(), linear->getBlock()}].push_back(linear);
  });
  Parameters parameters(getOperation());
  for (auto &[input, group] : groups) {
    if (group.size() == 1)
      continue;
    StringRef reason = obstacle(group, parameters);
    if (reason.empty()) {
      fuse(group, parameters);
      continue;
    }
    numLeft += group.size();
    group.front()->emitRemark() << "not fused with the " << group.size() - 1
                                << " other linears of the same input: " << reason;
  }
}
