//===- QuantizeWeights.cpp - insert q/dq at weights -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/formats/Error.h"
#include "llvm/ADT/MapVector.h"

namespace qopt {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// A parameter as a rule sees it.
struct Candidate {
  std::string name; ///< in the checkpoint
  SmallVector<llm::GetOp> reads;
  bool isLinear = false; ///< the weight of a linear layer, and of nothing else
};

struct QuantizeWeightsPass : qopt::impl::QuantizeWeightsBase<QuantizeWeightsPass> {
  using QuantizeWeightsBase::QuantizeWeightsBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult parseOptions();
  bool isSelected(const Candidate &candidate) const;
  LogicalResult quantize(const Candidate &candidate);
  std::string ruleText() const;

  Scheme scheme;
  std::optional<LayerSet> layerSet;
  std::optional<WholeMatch> tensorMatch, skipMatch;
};

/// Undoes an earlier rule: reads the parameter itself again.
void removeQuantization(llm::GetOp get) {
  for (Operation *user : llvm::make_early_inc_range(get->getUsers())) {
    auto quantize = dyn_cast<q::QuantizeOp>(user);
    if (!quantize)
      continue;
    for (Operation *reader : llvm::make_early_inc_range(quantize.getCodes().getUsers())) {
      auto dequantize = cast<q::DequantizeOp>(reader);
      dequantize.getValues().replaceAllUsesWith(get.getResult());
      dequantize.erase();
    }
    quantize.erase();
  }
}

llvm::MapVector<StringRef, Candidate> collectCandidates(ModuleOp module) {
  CheckpointNames names(module);
  llvm::MapVector<StringRef, Candidate> candidates;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.getSymName() == "load")
      continue;
    function.walk([&](llm::GetOp get) {
      auto [it, isNew] = candidates.try_emplace(get.getParam());
      Candidate &candidate = it->second;
      if (isNew) {
        candidate.name = names.lookup(get.getParam());
        candidate.isLinear = true;
      }
      candidate.reads.push_back(get);
      auto isWeight = [](Value value, Operation *user) {
        auto linear = dyn_cast<llm::LinearOp>(user);
        return linear && linear.getWeight() == value;
      };
      for (Operation *user : get->getUsers()) {
        auto quantize = dyn_cast<q::QuantizeOp>(user);
        if (!quantize) {
          candidate.isLinear &= isWeight(get.getResult(), user);
          continue;
        }
        for (Operation *dequantize : quantize.getCodes().getUsers())
          for (Operation *reader : dequantize->getUsers())
            candidate.isLinear &= isWeight(dequantize->getResult(0), reader);
      }
    });
  }
  return candidates;
}

} // namespace

std::string QuantizeWeightsPass::ruleText() const {
  std::string text = "type=" + type + (granularity.empty() ? "" : " granularity=" + granularity) +
                     (asymmetric ? " asymmetric=true" : "") + (mode == "fake" ? " mode=fake" : "") +
                     (preset == "default" ? "" : " preset=" + preset);
  for (auto [key, value] : {std::pair<StringRef, const std::string &>{"layers", layers},
                            {"tensors", tensors},
                            {"skip", skip}})
    if (!value.empty())
      text += (" " + key + "='" + value + "'").str();
  return text;
}

LogicalResult QuantizeWeightsPass::parseOptions() {
  ModuleOp module = getOperation();
  if (mode != "real" && mode != "fake")
    return module.emitError() << "unknown mode '" << mode << "'; real and fake are known";
  std::string error;
  layerSet = LayerSet::parse(layers, error);
  if (!layerSet)
    return module.emitError() << error;
  tensorMatch = tensors.empty() ? std::nullopt : WholeMatch::parse(tensors, error);
  if (!tensors.empty() && !tensorMatch)
    return module.emitError() << "tensors=" << error;
  skipMatch = skip.empty() ? std::nullopt : WholeMatch::parse(skip, error);
  if (!skip.empty() && !skipMatch)
    return module.emitError() << "skip=" << error;
  try {
    scheme = parseScheme({type, granularity, asymmetric, preset});
  } catch (const Error &problem) {
    return module.emitError() << problem.what();
  }
  return success();
}

bool QuantizeWeightsPass::isSelected(const Candidate &candidate) const {
  std::optional<int64_t> layer = layerOf(candidate.name);
  if (tensorMatch ? !tensorMatch->matches(candidate.name) : !candidate.isLinear || !layer)
    return false;
  return layerSet->isEvery() || (layer && layerSet->contains(*layer));
}

LogicalResult QuantizeWeightsPass::quantize(const Candidate &candidate) {
  for (llm::GetOp get : candidate.reads) {
    auto type = cast<RankedTensorType>(get.getResult().getType());
    if (!isa<FloatType>(type.getElementType()))
      return get.emitError() << "'" << candidate.name
                             << "' is stored as codes and scales; import it with --dequantize=f32";
    if (scheme.hasScale() && type.getRank() != 2)
      return get.emitError() << "'" << candidate.name << "' is a vector " << type << ": "
                             << this->type << " needs a matrix; bf16 and f16 round vectors too";
    if (type.getRank() == 2) {
      try {
        blockShape(scheme, type.getDimSize(0), type.getDimSize(1), candidate.name);
      } catch (const Error &problem) {
        return get.emitError() << problem.what();
      }
    }
    removeQuantization(get);
    OpBuilder builder(get->getContext());
    builder.setInsertionPointAfter(get);
    auto attribute = q::SchemeAttr::get(&getContext(), scheme);
    SmallVector<Type> parameters;
    if (scheme.hasScale())
      parameters.assign(
          scheme.zeroPoint == ZeroPoint::None ? 1 : 2,
          RankedTensorType::get(attribute.scaleShape(type.getShape()), builder.getF32Type()));
    auto quantize = q::QuantizeOp::create(
        builder, get.getLoc(), RankedTensorType::get(type.getShape(), attribute.codeType()),
        parameters, get.getResult(), attribute);
    // The study writes fake weights back in bf16; everyone else compares with f32.
    Type element = mode == "fake" && preset == "study" ? Type(builder.getBF16Type())
                                                       : Type(builder.getF32Type());
    auto dequantize = q::DequantizeOp::create(
        builder, get.getLoc(), RankedTensorType::get(type.getShape(), element), quantize.getCodes(),
        quantize.getParameters(), attribute, /*fake=*/mode == "fake");
    get.getResult().replaceAllUsesExcept(dequantize.getValues(), quantize);
  }
  ++numQuantized;
  return success();
}

LogicalResult QuantizeWeightsPass::run() {
  ModuleOp module = getOperation();
  if (failed(parseOptions()))
    return failure();
  int64_t matched = 0, skipped = 0;
  for (auto &[param, candidate] : collectCandidates(module)) {
    if (!isSelected(candidate))
      continue;
    if (skipMatch && skipMatch->matches(candidate.name)) {
      ++skipped;
      continue;
    }
    if (failed(quantize(candidate)))
      return failure();
    ++matched;
  }
  numSkipped += skipped;
  if (matched == 0)
    return module.emitError() << "quantize-weights " << ruleText() << " selects no tensor"
                              << (skipped ? " that it does not skip" : "")
                              << "; names are those of the checkpoint, whole, such as "
                                 "model.layers.0.mlp.down_proj.weight";
  mlir::emitRemark(module.getLoc())
      << "quantize-weights " << ruleText() << ": " << matched << " tensors"
      << (skipped ? ", " + std::to_string(skipped) + " skipped" : "");
  return success();
}
