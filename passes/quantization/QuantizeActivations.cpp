//===- QuantizeActivations.cpp - insert q/dq at the inputs of linears -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/formats/Error.h"

namespace qopt {
#define GEN_PASS_DEF_QUANTIZEACTIVATIONS
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// A linear as a rule sees it.
struct Candidate {
  llm::LinearOp linear;
  std::string name;           ///< of its weight, in the checkpoint
  q::DequantizeOp dequantize; ///< of its weight; null if that is not quantized
};

struct QuantizeActivationsPass : qopt::impl::QuantizeActivationsBase<QuantizeActivationsPass> {
  using QuantizeActivationsBase::QuantizeActivationsBase;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

private:
  LogicalResult run();
  LogicalResult parseOptions();
  LogicalResult quantize(Candidate candidate);
  std::string ruleText() const;

  Scheme scheme;
  std::optional<TensorRule> rule;
  /// The dequantized form of an input, fake or real: linears that read one input share it.
  llvm::DenseMap<std::pair<Value, unsigned>, Value> dequantized;
};

} // namespace

static llm::GetOp findParameter(Value weight) {
  if (auto dequantize = weight.getDefiningOp<q::DequantizeOp>())
    weight = dequantize.getCodes();
  if (auto quantize = weight.getDefiningOp<q::QuantizeOp>())
    weight = quantize.getValues();
  return weight.getDefiningOp<llm::GetOp>();
}

static SmallVector<Candidate> collectCandidates(ModuleOp module) {
  CheckpointNames names(module);
  SmallVector<Candidate> candidates;
  for (auto function : module.getOps<func::FuncOp>())
    function.walk([&](llm::LinearOp linear) {
      if (llm::GetOp get = findParameter(linear.getWeight()))
        candidates.push_back({linear, names.lookup(get.getParam()),
                              linear.getWeight().getDefiningOp<q::DequantizeOp>()});
    });
  return candidates;
}

/// Undoes an earlier rule: the linear reads its input as it was.
static void removeQuantization(llm::LinearOp linear) {
  auto dequantize = linear.getX().getDefiningOp<q::DequantizeOp>();
  auto quantize =
      dequantize ? dequantize.getCodes().getDefiningOp<q::QuantizeOp>() : q::QuantizeOp();
  if (!quantize)
    return;
  linear.getXMutable().assign(quantize.getValues());
  if (dequantize->use_empty())
    dequantize.erase();
  if (quantize->use_empty())
    quantize.erase();
}

std::string QuantizeActivationsPass::ruleText() const {
  return "type=" + type + " dynamic=" + dynamic + rule->text();
}

LogicalResult QuantizeActivationsPass::parseOptions() {
  ModuleOp module = getOperation();
  std::string error;
  if (!(rule = TensorRule::parse(layers, tensors, skip, error)))
    return module.emitError() << error;
  if (type != "int8" && type != "fp8_e4m3" && type != "fp8_e5m2")
    return module.emitError() << "activations have no type '" << type
                              << "'; int8, fp8_e4m3 and fp8_e5m2 are known";
  if (dynamic != "token" && dynamic != "tensor" && !StringRef(dynamic).starts_with("group:"))
    return module.emitError() << "unknown dynamic='" << dynamic
                              << "'; token, tensor and group:N are known";
  try {
    scheme = parseScheme(
        {type, dynamic == "token" ? std::string("row") : dynamic.getValue(), false, preset});
  } catch (const Error &problem) {
    return module.emitError() << problem.what();
  }
  return success();
}

LogicalResult QuantizeActivationsPass::quantize(Candidate candidate) {
  llm::LinearOp linear = candidate.linear;
  removeQuantization(linear);
  Value x = linear.getX();
  auto xType = cast<RankedTensorType>(x.getType());
  q::DequantizeOp weight = candidate.dequantize;
  bool isFake = weight.getFake();
  Value &shared = dequantized[{x, unsigned(isFake)}];
  if (!shared) {
    try {
      blockShape(scheme, 1, xType.getDimSize(1), "input of " + candidate.name);
    } catch (const Error &problem) {
      return linear.emitError() << problem.what();
    }
    OpBuilder builder(linear);
    auto attribute = q::SchemeAttr::get(&getContext(), scheme);
    auto scales =
        RankedTensorType::get(attribute.scaleShape(xType.getShape()), builder.getF32Type());
    auto codes = RankedTensorType::get(xType.getShape(), attribute.codeType());
    auto quantize =
        q::QuantizeOp::create(builder, linear.getLoc(), codes, TypeRange(scales), x, attribute);
    shared = q::DequantizeOp::create(builder, linear.getLoc(), xType, quantize.getCodes(),
                                     quantize.getParameters(), attribute, isFake)
                 .getValues();
    ++numInputs;
  }
  linear.getXMutable().assign(shared);
  ++numLinears;
  return success();
}

LogicalResult QuantizeActivationsPass::run() {
  ModuleOp module = getOperation();
  if (failed(parseOptions()))
    return failure();
  dequantized.clear();
  int64_t matched = 0, skipped = 0;
  for (Candidate &candidate : collectCandidates(module)) {
    if (!rule->selects(candidate.name, /*isDefault=*/true))
      continue;
    if (rule->skips(candidate.name)) {
      ++skipped;
      continue;
    }
    if (!candidate.dequantize) {
      llm::LinearOp linear = candidate.linear;
      linear.emitRemark() << "input left alone: the weight '" << candidate.name
                          << "' is not quantized";
      ++numLeft;
      continue;
    }
    if (failed(quantize(candidate)))
      return failure();
    ++matched;
  }
  if (matched == 0)
    return module.emitError()
           << "quantize-activations " << ruleText()
           << " selects no linear with a quantized weight; names are those of "
              "weights in the checkpoint, whole, and weights are quantized first";
  mlir::emitRemark(module.getLoc())
      << "quantize-activations " << ruleText() << ": inputs of " << matched << " linears"
      << (skipped ? ", " + std::to_string(skipped) + " skipped" : "");
  return success();
}
