//===- TensorReport.cpp - what became of a model's tensors ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/TensorReport.h"
#include "lowering/artifact/ModuleParams.h"
#include "lowering/artifact/ParamQuantization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/quantization/CheckpointNames.h"
#include "passes/quantization/TensorRule.h"
#include "runtime/quantization/Smoothing.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace qopt;

namespace {

/// How the model reads a parameter.
struct Readers {
  bool isEmbedding = false, isLinear = false, isOther = false;
  std::string inputScheme; ///< of the activations it is multiplied by, if they are quantized

  void add(Operation *user, Value value) {
    auto linear = dyn_cast<llm::LinearOp>(user);
    if (linear && linear.getWeight() == value) {
      isLinear = true;
      if (auto input = linear.getX().getDefiningOp<q::DequantizeOp>())
        inputScheme = describe(input.getScheme().toScheme());
    } else if (isa<llm::EmbeddingOp>(user)) {
      isEmbedding = true;
    } else {
      isOther = true;
    }
  }
};

class Reporter {
public:
  Reporter(ModuleOp module, const Profile *profile)
      : module(module), profile(profile), names(module), params(module) {}

  FailureOr<std::vector<TensorReport>> run();

private:
  void collectReaders();
  /// The report of a parameter; none for scales and zeros.
  FailureOr<std::optional<TensorReport>> report(llm::ParamOp param, const Readers &readers);
  LogicalResult reportQuantized(q::QuantizeOp quantize, llm::ParamOp param, TensorReport &report);
  ParamExpressionPtr dequantizedValues(q::QuantizeOp quantize);
  std::vector<float> sampledRows(const std::string &name, Value weight) const;

  ModuleOp module;
  const Profile *profile;
  CheckpointNames names;
  ModuleParams params;
  llvm::MapVector<StringAttr, Readers> readers;
  llvm::DenseMap<StringAttr, Value> valueInLoad;
};

} // namespace

void Reporter::collectReaders() {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.getSymName() == "load") {
      for (auto set : function.getOps<llm::SetOp>())
        valueInLoad[set.getParamAttr().getAttr()] = set.getValue();
      continue;
    }
    function.walk([&](llm::GetOp get) {
      for (Operation *user : get->getUsers()) {
        if (isa<q::QuantizeOp>(user))
          continue; // the static scale of an activation
        Readers &known = readers[get.getParamAttr().getAttr()];
        auto dequantize = dyn_cast<q::DequantizeOp>(user);
        Value value = dequantize ? dequantize.getValues() : get.getResult();
        if (!dequantize)
          known.add(user, value);
        else
          for (Operation *reader : value.getUsers())
            known.add(reader, value);
      }
    });
  }
}

/// Why a tensor was not quantized.
static std::string reasonFor(const TensorReport &report, const Readers &readers) {
  if (report.shape.size() != 2)
    return "a vector, which only bf16 and f16 can round";
  if (readers.isEmbedding || readers.isOther || !layerOf(report.name))
    return readers.isEmbedding ? "an embedding, quantized only when named"
                               : "the head, quantized only when named";
  return "no rule selects it";
}

/// What q.quantize's values become, whatever is stored of them.
ParamExpressionPtr Reporter::dequantizedValues(q::QuantizeOp quantize) {
  Scheme scheme = quantize.getScheme().toScheme();
  ParamExpressionPtr scales, zeros;
  if (!quantize.getParameters().empty())
    scales = params.value(quantize.getParameters()[0]);
  if (quantize.getParameters().size() > 1)
    zeros = params.value(quantize.getParameters()[1]);
  return makeDequantized({params.value(quantize.getCodes()), scales, zeros}, scheme, DType::F32);
}

/// The profile's rows of what `weight` is multiplied by, smoothed where its columns are.
std::vector<float> Reporter::sampledRows(const std::string &name, Value weight) const {
  const ProfiledInput *input = profile ? profile->find(name) : nullptr;
  if (!input)
    return {};
  std::vector<float> rows = profile->sample(*input);
  if (auto get = weight.getDefiningOp<llm::GetOp>())
    weight = valueInLoad.lookup(get.getParamAttr().getAttr());
  while (auto scale = weight ? weight.getDefiningOp<llm::ScaleOp>() : llm::ScaleOp()) {
    weight = scale.getValue();
    if (!scale.getColumns())
      continue;
    ParamExpressionPtr expression = params.value(scale.getScales());
    std::vector<float> scales = readF32(*expression, {0, expression->rows(), 0, 1});
    HeadGroups groups{int64_t(scale.getGroup()), int64_t(scale.getHeadDim())};
    for (size_t i = 0; i < rows.size(); ++i)
      rows[i] /= scales[groups.indexOf(int64_t(i) % input->channels)];
  }
  return rows;
}

LogicalResult Reporter::reportQuantized(q::QuantizeOp quantize, llm::ParamOp param,
                                        TensorReport &report) {
  Scheme scheme = quantize.getScheme().toScheme();
  report.scheme = describe(scheme);
  report.isFake = !isa<q::QuantizeOp>(valueInLoad.lookup(param.getSymNameAttr()).getDefiningOp());
  ParamExpressionPtr original = params.value(quantize.getValues());
  report.bits = double(codeBits(scheme.storage));
  if (scheme.hasScale()) {
    BlockShape block = blockShape(scheme, original->rows(), original->columns(), report.name);
    report.bits += double(parameterBits(scheme)) / double(block.rows * block.columns);
  }
  report.errors =
      measureErrors(*original, *dequantizedValues(quantize),
                    sampledRows(report.name, quantize.getValues()), *module.getContext());
  return success();
}

FailureOr<std::optional<TensorReport>> Reporter::report(llm::ParamOp param,
                                                        const Readers &readers) {
  Operation *computed = nullptr;
  if (Value value = valueInLoad.lookup(param.getSymNameAttr())) {
    computed = value.getDefiningOp();
    if (isa<q::QuantizeOp>(computed) && cast<OpResult>(value).getResultNumber() > 0)
      return std::optional<TensorReport>(); // scales or zeros
  }
  auto type = cast<RankedTensorType>(param.getType());
  TensorReport report;
  report.name = names.lookup(param.getSymName());
  report.shape = type.getShape().vec();
  report.inputs = readers.inputScheme;
  if (readers.isEmbedding && readers.isLinear)
    report.note = "tied: embedding and head";
  if (auto dequantize = dyn_cast_or_null<q::DequantizeOp>(computed))
    computed = dequantize.getCodes().getDefiningOp();
  if (auto quantize = dyn_cast_or_null<q::QuantizeOp>(computed)) {
    if (failed(reportQuantized(quantize, param, report)))
      return failure();
  } else {
    report.bits = type.getElementTypeBitWidth();
    report.reason = reasonFor(report, readers);
  }
  return std::optional(std::move(report));
}

FailureOr<std::vector<TensorReport>> Reporter::run() {
  if (failed(params.load()))
    return failure();
  collectReaders();
  std::vector<TensorReport> reports;
  for (auto &[name, known] : readers) {
    FailureOr<std::optional<TensorReport>> one =
        report(module.lookupSymbol<llm::ParamOp>(name), known);
    if (failed(one))
      return failure();
    if (*one)
      reports.push_back(std::move(**one));
  }
  return reports;
}

FailureOr<std::vector<TensorReport>> qopt::reportTensors(ModuleOp module, const Profile *profile) {
  return Reporter(module, profile).run();
}
