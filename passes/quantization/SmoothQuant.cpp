//===- SmoothQuant.cpp - smooth-quant -------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ModuleParams.h"
#include "passes/Parameters.h"
#include "passes/quantization/CalibrationProfile.h"
#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/Passes.h"
#include "passes/quantization/SmoothingPlaces.h"
#include "passes/quantization/SmoothingSearch.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "llvm/ADT/MapVector.h"

namespace qopt {
#define GEN_PASS_DEF_SMOOTHQUANT
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// A place that is smoothed, and with what.
struct Smoothing {
  SmoothingPlace place;
  SmallVector<llm::ParamOp> weights; ///< of the linears
  std::vector<std::string> names;    ///< of the same, in the checkpoint
  const ProfiledInput *input;
  double alpha;
};

struct SmoothQuantPass : qopt::impl::SmoothQuantBase<SmoothQuantPass> {
  using SmoothQuantBase::SmoothQuantBase;

  void runOnOperation() override {
    try {
      if (failed(run()))
        signalPassFailure();
    } catch (const Error &error) {
      getOperation().emitError() << error.what();
      signalPassFailure();
    }
  }

private:
  /// All throw Error, too.
  LogicalResult run();
  LogicalResult parseOptions();
  LogicalResult collect(const Profile &observed, const Parameters &parameters);
  LogicalResult search(const Profile &observed);
  void apply(const Smoothing &smoothing, Parameters &parameters);
  void replaceParameters(Parameters &parameters);

  bool isAsked(SmoothingPlace::Kind kind) const;
  std::string obstacle(const SmoothingPlace &place, const Parameters &parameters) const;

  SmoothingVariant smoothingVariant;
  std::optional<double> fixedAlpha; ///< none: searched
  std::optional<LayerSet> layerSet;
  SmallVector<Smoothing> smoothings;
  /// Parameters with what `@load` has made of them so far.
  llvm::MapVector<Operation *, Value> smoothed;
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

LogicalResult SmoothQuantPass::parseOptions() {
  ModuleOp module = getOperation();
  std::optional<SmoothingVariant> known = parseSmoothingVariant(variant.getValue());
  if (!known)
    return module.emitError() << "unknown variant '" << variant
                              << "'; mit, llm-compressor and modelopt are known";
  smoothingVariant = *known;
  fixedAlpha = defaultAlpha(*known);
  double number;
  if (alpha == "search")
    fixedAlpha = std::nullopt;
  else if (!alpha.empty() &&
           (StringRef(alpha).getAsDouble(number) || !(number >= 0 && number <= 1)))
    return module.emitError() << "alpha='" << alpha
                              << "'; a number from 0 to 1, or search, would do";
  else if (!alpha.empty())
    fixedAlpha = number;
  if (!trace.empty() && fixedAlpha)
    return module.emitError("trace= is of a search: add alpha=search");
  std::string error;
  layerSet = LayerSet::parse(layers, error);
  if (!layerSet)
    return module.emitError() << error;
  if (profile.empty())
    return module.emitError("smooth-quant needs profile=FILE, which qrun calibrate writes");
  return success();
}

bool SmoothQuantPass::isAsked(SmoothingPlace::Kind kind) const {
  switch (kind) {
  case SmoothingPlace::Kind::Norm:
    return norms;
  case SmoothingPlace::Kind::AttentionOutput:
    return oProj;
  case SmoothingPlace::Kind::GatedMlp:
    return downProj;
  }
  llvm_unreachable("all kinds are handled");
}

/// Why a place cannot be smoothed; empty if it can.
std::string SmoothQuantPass::obstacle(const SmoothingPlace &place,
                                      const Parameters &parameters) const {
  for (llm::LinearOp linear : place.linears)
    if (!paramOf(linear.getWeight(), parameters))
      return "a weight that reads it has other readers, too";
  for (Value value : place.producerParameters())
    if (!paramOf(value, parameters))
      return "a parameter of what computes it has other readers, too";
  return "";
}

LogicalResult SmoothQuantPass::collect(const Profile &observed, const Parameters &parameters) {
  auto forward = getOperation().lookupSymbol<func::FuncOp>("forward");
  if (!forward)
    return getOperation().emitError("has no @forward: run smooth-quant before specialize");
  WalkResult quantized = forward.walk([](q::DequantizeOp op) {
    op.emitError("is quantized already: run smooth-quant before quantization");
    return WalkResult::interrupt();
  });
  if (quantized.wasInterrupted())
    return failure();
  CheckpointNames names(getOperation());
  for (SmoothingPlace &place : findSmoothingPlaces(forward)) {
    if (!isAsked(place.kind))
      continue;
    if (std::string reason = obstacle(place, parameters); !reason.empty()) {
      place.linears.front().emitRemark() << "input not smoothed: " << reason;
      ++numLeft;
      continue;
    }
    Smoothing smoothing{std::move(place), {}, {}, nullptr, fixedAlpha.value_or(0)};
    for (llm::LinearOp linear : smoothing.place.linears) {
      smoothing.weights.push_back(paramOf(linear.getWeight(), parameters));
      smoothing.names.push_back(names.lookup(smoothing.weights.back().getSymName()));
    }
    if (!layerSet->isEvery()) {
      std::optional<int64_t> layer = layerOf(smoothing.names.front());
      if (!layer || !layerSet->contains(*layer))
        continue;
    }
    smoothing.input = observed.find(smoothing.names.front());
    int64_t channels = smoothing.weights.front().getType().getDimSize(1);
    if (!smoothing.input || smoothing.input->channels != channels)
      fail("{}: has no input of {} channels for '{}'; calibrate the model again", observed.path(),
           channels, smoothing.names.front());
    smoothings.push_back(std::move(smoothing));
  }
  if (smoothings.empty())
    return getOperation().emitError() << "smooth-quant finds nothing to smooth"
                                      << (layers.empty() ? "" : " in layers='" + layers + "'");
  return success();
}

LogicalResult SmoothQuantPass::search(const Profile &observed) {
  ModuleParams params(getOperation());
  if (failed(params.load()))
    return failure();
  auto json = nlohmann::ordered_json::array();
  for (Smoothing &smoothing : smoothings) {
    SmoothingProblem problem;
    for (llm::ParamOp weight : smoothing.weights) {
      problem.weights.push_back(params.get(weight.getSymName()));
      if (!problem.weights.back())
        return failure();
    }
    problem.rows = observed.sample(*smoothing.input);
    if (problem.rows.empty())
      fail("{}: keeps no rows to search alpha with; qrun calibrate --sample-rows 64 does",
           observed.path());
    problem.activation =
        activationStatistic(smoothingVariant, smoothing.input->min, smoothing.input->max);
    problem.groups = smoothing.place.groups;
    std::vector<SmoothingTrial> trials = trySmoothing(problem, smoothingVariant, getContext());
    smoothing.alpha = bestTrial(trials).alpha;
    nlohmann::ordered_json entry = {{"weights", smoothing.names}, {"alpha", smoothing.alpha}};
    for (const SmoothingTrial &trial : trials)
      entry["trials"].push_back({{"alpha", trial.alpha}, {"error", trial.error}});
    json.push_back(std::move(entry));
  }
  if (!trace.empty())
    writeFile(trace, json.dump(2) + "\n");
  return success();
}

/// Adds ops to `@load` that multiply the columns of the weights and divide what computes their
/// input.
void SmoothQuantPass::apply(const Smoothing &smoothing, Parameters &parameters) {
  const SmoothingPlace &place = smoothing.place;
  std::vector<float> statistic =
      activationStatistic(smoothingVariant, smoothing.input->min, smoothing.input->max);
  llm::ParamOp first = smoothing.weights.front();
  llm::ParamOp observed =
      parameters.defineNumbers((first.getSymName() + ".input").str(), statistic, first);
  // Scales are those of the original weights, whatever else is done to them.
  SmallVector<Value> weights = llvm::map_to_vector(
      smoothing.weights, [&](llm::ParamOp param) { return parameters.valueInLoad(param); });
  Value activation = parameters.valueInLoad(observed);
  OpBuilder &builder = parameters.loadBuilder();
  Location loc = place.linears.front()->getLoc();
  int64_t channels = smoothing.input->channels / place.groups.group;
  Value scales = llm::SmoothingOp::create(
      builder, loc, RankedTensorType::get({channels}, builder.getF32Type()), activation, weights,
      llvm::APFloat(smoothing.alpha), llm::SmoothingVariant(smoothingVariant), place.groups.group,
      place.groups.headDim);

  auto scale = [&](llm::ParamOp param, bool columns) {
    Value &value = smoothed[param];
    if (!value)
      value = parameters.valueInLoad(param);
    auto type = RankedTensorType::get(param.getType().getShape(), builder.getF32Type());
    HeadGroups groups = columns ? place.groups : HeadGroups();
    value = llm::ScaleOp::create(parameters.loadBuilder(), param.getLoc(), type, value, scales,
                                 columns, /*inverse=*/!columns, columns ? 0 : place.offset,
                                 groups.group, groups.headDim);
  };
  for (llm::ParamOp weight : smoothing.weights)
    scale(weight, /*columns=*/true);
  for (Value value : place.producerParameters())
    scale(paramOf(value, parameters), /*columns=*/false);
  ++numSmoothed;
}

/// The model reads the smoothed forms.
void SmoothQuantPass::replaceParameters(Parameters &parameters) {
  for (auto [op, value] : smoothed) {
    auto param = cast<llm::ParamOp>(op);
    llm::GetOp get = parameters.readsOf(param).front();
    llm::ParamOp replacement =
        parameters.define((param.getSymName() + ".smoothed").str(), value, param);
    get.setParamAttr(FlatSymbolRefAttr::get(replacement));
    get.getResult().setType(replacement.getType());
  }
}

LogicalResult SmoothQuantPass::run() {
  smoothings.clear();
  smoothed.clear();
  if (failed(parseOptions()))
    return failure();
  if (isObserved(getOperation()))
    return getOperation().emitError("is observed already: --instrument goes behind --smooth-quant");
  Profile observed = openProfile(profile, getOperation());
  Parameters parameters(getOperation());
  if (failed(collect(observed, parameters)))
    return failure();
  if (!fixedAlpha && failed(search(observed)))
    return failure();
  for (const Smoothing &smoothing : smoothings)
    apply(smoothing, parameters);
  getOperation()->setAttr(llm::kModelHashAttr,
                          StringAttr::get(&getContext(), observed.origin().modelHash));
  replaceParameters(parameters);
  mlir::emitRemark(getOperation().getLoc())
      << "smooth-quant variant=" << variant << ": " << smoothings.size() << " inputs";
  return success();
}
