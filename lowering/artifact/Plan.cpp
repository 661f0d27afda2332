//===- Plan.cpp - plan.json -----------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/Plan.h"
#include "lowering/artifact/ModuleParams.h"
#include "lowering/artifact/PlanCaches.h"
#include "lowering/artifact/PlanFunctions.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/GenerationConfig.h"
#include "runtime/formats/ModelConfig.h"
#include "llvm/Support/MathExtras.h"
#include <map>
#include <set>

using namespace mlir;
using namespace qopt;
using llvm::FailureOr;

/// Tokens of a page of the KV cache.
static constexpr int64_t kPageTokens = 128;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static OrderedJson describeTensor(const ParamExpression &value) {
  return {{"dtype", std::string(safetensorsName(value.dtype()))}, {"shape", value.shape().vec()}};
}

static FailureOr<std::vector<NamedParam>> resolve(ArrayRef<StringAttr> names,
                                                  ModuleParams &params) {
  std::vector<NamedParam> weights;
  for (StringAttr name : names) {
    ParamExpressionPtr value = params.get(name);
    if (!value)
      return failure();
    weights.push_back({name.str(), value});
  }
  return weights;
}

/// Adds `weights` and `random_weights` to the plan, and what is stored to `plan.stored`.
static void planWeights(ArtifactPlan &plan, ArrayRef<NamedParam> weights) {
  OrderedJson stored = OrderedJson::object(), generated = OrderedJson::object();
  std::optional<int64_t> seed; // a plan has one
  for (const NamedParam &weight : weights) {
    OrderedJson tensor = describeTensor(*weight.value);
    std::optional<GeneratedContents> contents = weight.value->generated();
    if (!contents || (!contents->isSplat && contents->seed != seed.value_or(contents->seed))) {
      stored[weight.name] = std::move(tensor);
      plan.stored.push_back(weight);
      continue;
    }
    if (!contents->isSplat)
      seed = contents->seed;
    tensor[contents->isSplat ? "value" : "deviation"] = contents->value;
    generated[weight.name] = std::move(tensor);
  }
  if (!stored.empty())
    plan.json["weights"] = {{"file", kWeightsFileName.str()}, {"tensors", std::move(stored)}};
  if (!generated.empty())
    plan.json["random_weights"] = {{"seed", seed.value_or(0)}, {"tensors", std::move(generated)}};
}

/// The source of a parameter that is a part of a tensor of blocks; null for others.
static llm::SourceAttr blockSource(llm::ParamOp param) {
  auto source = dyn_cast_or_null<llm::SourceAttr>(param.getContentsAttr());
  return source && source.getPart() ? source : llm::SourceAttr();
}

/// Whether what `@load` computes comes from quantized values.
static bool isQuantized(Value value) {
  Operation *op = value.getDefiningOp();
  if (auto get = dyn_cast<llm::GetOp>(op))
    return bool(
        blockSource(SymbolTable::lookupNearestSymbolFrom<llm::ParamOp>(op, get.getParamAttr())));
  return isa<q::QuantizeOp>(op) || llvm::any_of(op->getOperands(), isQuantized);
}

/// A quantized tensor's scheme, and whether codes are stored.
static std::string describeQuantization(q::QuantizeOp quantize) {
  bool isFake = llvm::any_of(quantize.getCodes().getUsers(),
                             [](Operation *user) { return isa<q::DequantizeOp>(user); });
  return describe(quantize.getScheme().toScheme()) + (isFake ? " (stored dequantized)" : "");
}

/// The schemes that kernels quantize activations to.
static std::set<std::string> activationSchemes(ModuleOp module) {
  std::set<std::string> schemes;
  module.walk([&](Operation *op) {
    q::SchemeAttr scheme;
    if (auto quantize = dyn_cast<kernel::QuantizeOp>(op))
      scheme = quantize.getScheme();
    else if (auto norm = dyn_cast<kernel::NormOp>(op))
      scheme = norm.getResultSchemeAttr();
    if (scheme)
      schemes.insert(describe(scheme.toScheme()));
  });
  return schemes;
}

/// The types that matrices are stored in, the schemes of those that are quantized and of
/// activations, and how many inputs were smoothed, in words.
static std::string describeRecipe(ModuleOp module, ArrayRef<NamedParam> weights,
                                  ModuleParams &params) {
  std::set<std::string> quantized, types;
  std::map<std::string, int64_t> schemes;
  int64_t numSmoothed = 0;
  if (auto load = module.lookupSymbol<func::FuncOp>("load")) {
    for (auto set : load.getOps<llm::SetOp>())
      if (isQuantized(set.getValue()))
        quantized.insert(set.getParam().str());
    for (auto quantize : load.getOps<q::QuantizeOp>())
      ++schemes[describeQuantization(quantize)];
    numSmoothed = llvm::range_size(load.getOps<llm::SmoothingOp>());
  }
  for (auto param : module.getOps<llm::ParamOp>())
    if (llm::SourceAttr source = blockSource(param); source && source.getPart() == "codes")
      ++schemes[params.storedTypeName(source) + " as stored"];
  for (const NamedParam &weight : weights)
    if (weight.value->shape().size() > 1 && !quantized.contains(weight.name))
      types.insert(std::string(shortName(weight.value->dtype())));
  SmallVector<std::string> parts;
  if (!types.empty())
    parts.push_back("weights " + llvm::join(types, " and ") + " as stored");
  for (const auto &[scheme, count] : schemes)
    parts.push_back(std::to_string(count) + (count == 1 ? " tensor " : " tensors ") + scheme);
  for (const std::string &scheme : activationSchemes(module))
    parts.push_back("activations " + scheme);
  if (numSmoothed > 0)
    parts.push_back(std::to_string(numSmoothed) + " inputs smoothed");
  if (std::string caches = describeCaches(module); !caches.empty())
    parts.push_back(std::move(caches));
  return llvm::join(parts, "; ");
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// The functions of a target under their names without it: "prefill" for `@prefill.cpu`.
static FailureOr<OrderedJson> planFunctions(ModuleOp module, FunctionPlanner &planner,
                                            StringRef target) {
  OrderedJson json = OrderedJson::object();
  for (auto function : module.getOps<func::FuncOp>()) {
    auto owner = function->getAttrOfType<StringAttr>(kernel::kTargetAttr);
    if (!owner || owner.getValue() != target)
      continue;
    FailureOr<OrderedJson> planned = planner.plan(function);
    if (failed(planned))
      return failure();
    StringRef name = function.getName();
    name.consume_back(("." + target).str());
    json[name.str()] = std::move(*planned);
  }
  for (const char *name : {"prefill", "decode", "prefill_head", "decode_head"})
    if (!json.contains(name))
      return module.emitError() << "there is no @" << name << "." << target
                                << "; run specialize and convert-llm-to-kernel{target=" << target
                                << "}";
  return json;
}

//===----------------------------------------------------------------------===//
// All together
//===----------------------------------------------------------------------===//

/// `config`, `generation` and `rope` from the module's configuration.
static LogicalResult planConfig(ModuleOp module, OrderedJson &json) {
  auto text = module->getAttrOfType<StringAttr>("llm.config");
  if (!text)
    return module.emitError("the module has no llm.config");
  try {
    Json parsed = parseJson(std::string_view(text.getValue()), "llm.config");
    ModelConfig config = modelConfigFromJson(JsonObject(parsed, "llm.config"));
    json["config"] = toJson(config);

    GenerationConfig generation;
    if (auto directory = module->getAttrOfType<StringAttr>("llm.checkpoint"))
      generation = readGenerationConfig(directory.str()).value_or(generation);
    if (!generation.bosTokenId)
      generation.bosTokenId = config.bosTokenId;
    if (generation.eosTokenIds.empty())
      generation.eosTokenIds = config.eosTokenIds;
    json["generation"] = toJson(generation);

    if (config.positionKind == PositionKind::Rope)
      json["rope"] = {{"inverse_frequencies", ropeInverseFrequencies(config)}};
    return success();
  } catch (const Error &error) {
    return module.emitError() << error.what();
  }
}

FailureOr<ArtifactPlan> qopt::planArtifact(ModuleOp module, ModuleParams &params,
                                           ArrayRef<TargetModules> targets) {
  SmallVector<StringAttr> caches;
  for (auto cache : module.getOps<llm::CacheOp>())
    caches.push_back(cache.getSymNameAttr());

  OrderedJson targetsJson = OrderedJson::object();
  llvm::SetVector<StringAttr> weights;
  for (const TargetModules &target : targets) {
    FunctionPlanner planner(target.target, caches);
    FailureOr<OrderedJson> functions = planFunctions(module, planner, target.target);
    if (failed(functions))
      return failure();
    targetsJson[target.target] = {{"modules", target.modules},
                                  {"caches", planCaches(module, target.target)},
                                  {"functions", std::move(*functions)}};
    weights.insert_range(planner.weights());
  }

  ArtifactPlan plan;
  plan.json = {{"format", "qopt"},
               {"version", 1},
               {"compiler", "qopt " QOPT_VERSION " (LLVM " LLVM_VERSION_STRING ")"}};
  if (failed(planConfig(module, plan.json)))
    return failure();
  FailureOr<std::vector<NamedParam>> resolved = resolve(weights.getArrayRef(), params);
  if (failed(resolved))
    return failure();
  plan.json["recipe"] = describeRecipe(module, *resolved, params);
  if (auto hash = module->getAttrOfType<StringAttr>(llm::kModelHashAttr))
    plan.json["model_hash"] = hash.str();
  planWeights(plan, *resolved);
  plan.json["page_tokens"] = kPageTokens;
  plan.json["targets"] = std::move(targetsJson);
  return plan;
}
