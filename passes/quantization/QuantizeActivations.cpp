//===- QuantizeActivations.cpp - insert q/dq at the inputs of linears -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CalibrationProfile.h"
#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/calibration/StaticScale.h"
#include "runtime/formats/Error.h"
#include "runtime/quantization/BlockCodec.h"

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
  LogicalResult quantize(const Candidate &candidate);
  Value readStaticScale(OpBuilder &builder, const Candidate &candidate);
  std::string ruleText() const;
  bool isStatic() const { return !staticScale.empty(); }

  Scheme scheme;
  std::optional<TensorRule> rule;
  RangeChoice range;
  std::shared_ptr<const Profile> opened; ///< shared because passes are copied
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
  return "type=" + type + (isStatic() ? " static=" + staticScale : " dynamic=" + dynamic) +
         (preset == "default" ? "" : " preset=" + preset) + rule->text();
}

LogicalResult QuantizeActivationsPass::parseOptions() {
  ModuleOp module = getOperation();
  std::string error;
  rule = TensorRule::parse(layers, tensors, skip, error);
  if (!rule)
    return module.emitError() << error;
  if (type != "int8" && type != "fp8_e4m3" && type != "fp8_e5m2")
    return module.emitError() << "activations have no type '" << type
                              << "'; int8, fp8_e4m3 and fp8_e5m2 are known";
  if (isStatic() == profile.empty())
    return module.emitError("static scales are computed from a profile: static=max and "
                            "profile=FILE belong together");
  if (isStatic() && dynamic.hasValue())
    return module.emitError("scales are dynamic or static, not both");
  if (dynamic != "token" && dynamic != "tensor" && !StringRef(dynamic).starts_with("group:"))
    return module.emitError() << "unknown dynamic='" << dynamic
                              << "'; token, tensor and group:N are known";
  try {
    std::string granularity = isStatic()           ? std::string("tensor")
                              : dynamic == "token" ? std::string("row")
                                                   : dynamic.getValue();
    scheme = parseScheme({type, granularity, false, preset});
    if (isStatic()) {
      range = parseRangeChoice(staticScale.getValue());
      opened = std::make_shared<const Profile>(openProfile(profile, module));
    }
  } catch (const Error &problem) {
    return module.emitError() << problem.what();
  }
  return success();
}

/// A read of a new parameter with the scale that the profile gives the linear's input. Throws
/// Error.
Value QuantizeActivationsPass::readStaticScale(OpBuilder &builder, const Candidate &candidate) {
  const ProfiledInput *input = opened->find(candidate.name);
  if (!input)
    fail("profile '{}' has no input of '{}'; record one of this model", opened->path(),
         candidate.name);
  float amax = chooseStaticAmax(*input, range, scheme);
  float scale = chooseParameters(scheme, {-amax, amax}).scale;
  auto type = RankedTensorType::get({1, 1}, builder.getF32Type());
  Location loc = candidate.linear->getLoc();
  OpBuilder atModule(getOperation().getBodyRegion());
  auto param =
      llm::ParamOp::create(atModule, loc, candidate.name + ".input_scale", type,
                           llm::SplatAttr::get(&getContext(), builder.getF64FloatAttr(scale)));
  SymbolTable(getOperation()).insert(param); // makes the name unique
  return llm::GetOp::create(builder, loc, type, FlatSymbolRefAttr::get(param));
}

LogicalResult QuantizeActivationsPass::quantize(const Candidate &candidate) {
  llm::LinearOp linear = candidate.linear;
  removeQuantization(linear);
  Value x = linear.getX();
  auto xType = cast<RankedTensorType>(x.getType());
  q::DequantizeOp weight = candidate.dequantize;
  bool isFake = weight.getFake();
  Value &shared = dequantized[{x, unsigned(isFake)}];
  if (!shared) {
    OpBuilder builder(linear);
    Value given;
    try {
      blockShape(scheme, 1, xType.getDimSize(1), "input of " + candidate.name);
      if (isStatic())
        given = readStaticScale(builder, candidate);
    } catch (const Error &problem) {
      return linear.emitError() << problem.what();
    }
    auto attribute = q::SchemeAttr::get(&getContext(), scheme);
    auto codes = RankedTensorType::get(xType.getShape(), attribute.codeType());
    SmallVector<Type> scales;
    if (!given)
      scales.push_back(
          RankedTensorType::get(attribute.scaleShape(xType.getShape()), builder.getF32Type()));
    auto quantize =
        q::QuantizeOp::create(builder, linear.getLoc(), codes, scales, x, given, attribute);
    SmallVector<Value> parameters(quantize.getParameters());
    if (given)
      parameters.push_back(given);
    shared = q::DequantizeOp::create(builder, linear.getLoc(), xType, quantize.getCodes(),
                                     parameters, attribute, isFake)
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
