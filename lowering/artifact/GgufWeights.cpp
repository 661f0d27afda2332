//===- GgufWeights.cpp - a module's weights for a GGUF file ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/GgufWeights.h"
#include "lowering/artifact/ParamGgmlParts.h"
#include "lowering/artifact/ParamGgufLayout.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/GgufConfig.h"
#include "runtime/formats/GgufNames.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/GgmlScheme.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace qopt;
using llvm::FailureOr;

static bool isQuantization(Operation *op) { return isa<q::QuantizeOp, q::DequantizeOp>(op); }

static std::optional<GgmlType> ggmlTypeOf(DType dtype) {
  for (const GgmlTraits &traits : ggmlTypes())
    if (traits.dtype == dtype)
      return traits.type;
  return std::nullopt;
}

namespace {

class Collector {
public:
  Collector(ModuleParams &params, const ModelConfig &config) : params(params), config(config) {}

  LogicalResult visit(Operation *op) {
    if (auto get = dyn_cast<llm::GetOp>(op))
      return llvm::all_of(get->getUsers(), isQuantization) ? success() : addValues(get);
    if (auto quantize = dyn_cast<q::QuantizeOp>(op))
      return checkIsWeight(quantize);
    if (auto dequantize = dyn_cast<q::DequantizeOp>(op))
      return addBlocks(dequantize);
    return success();
  }

  std::vector<GgufWeight> weights;

private:
  static LogicalResult checkIsWeight(q::QuantizeOp op) {
    if (op.getValues().getDefiningOp<llm::GetOp>())
      return success();
    return emitError(op.getLoc(), "GGUF files say nothing of quantized activations; leave them to "
                                  "the program that runs the file");
  }

  LogicalResult addValues(llm::GetOp get) {
    ParamExpressionPtr value = params.get(get.getParam());
    if (!value)
      return failure();
    if (value->shape().size() == 1 && value->dtype() != DType::F32)
      value = makeCast(value, DType::F32);
    std::optional<GgmlType> type = ggmlTypeOf(value->dtype());
    if (!type)
      return emitError(get.getLoc()) << quote(get.getParam().str()) << " has type " << get.getType()
                                     << "; GGUF files are written of f32, f16, bf16 and blocks of "
                                        "ggml's types";
    return add(get, get.getParam(), *type, value->shape(), value);
  }

  LogicalResult addBlocks(q::DequantizeOp op) {
    Scheme scheme = op.getScheme().toScheme();
    std::optional<GgmlType> type = ggmlTypeOf(scheme);
    if (!type || op.getFake())
      return emitError(op.getLoc())
             << "is quantized to " << describe(scheme) << (op.getFake() ? ", fake" : "")
             << "; GGUF files are written of f32, f16, bf16 and ggml's types ("
             << llvm::join(ggmlTargetNames(), ", ") << ")";
    GgmlBlockSourcePtr blocks;
    llm::GetOp get;
    if (auto quantize = op.getCodes().getDefiningOp<q::QuantizeOp>()) {
      get = quantize.getValues().getDefiningOp<llm::GetOp>();
      ParamExpressionPtr values = get ? params.get(get.getParam()) : nullptr;
      if (!values)
        return failure();
      blocks = quantizeToGgml(values, *type, get.getParam().str(), /*times=*/1);
    } else {
      QuantizedParams parts;
      ParamExpressionPtr *const places[] = {&parts.codes, &parts.scales, &parts.zeros};
      for (auto [value, part] : llvm::zip(op->getOperands(), places)) {
        auto stored = value.getDefiningOp<llm::GetOp>();
        if (!stored)
          return emitError(op.getLoc(), "its codes are computed; GGUF files hold stored ones");
        *part = params.get(stored.getParam());
        if (!*part)
          return failure();
      }
      get = op.getCodes().getDefiningOp<llm::GetOp>();
      blocks = blocksOf(parts, *type);
    }
    return add(get, get.getParam(), *type, op.getValues().getType().getShape(),
               makeGgmlBlocks(blocks));
  }

  LogicalResult add(Operation *op, StringRef param, GgmlType type, ArrayRef<int64_t> shape,
                    ParamExpressionPtr contents) {
    param.consume_back(".transposed"); // of GPT-2, whose file has the transpose of GGUF's
    param.consume_back(".codes");
    std::string name = ggufName(param.str());
    // "blk.0.attn_q.weight", "output.weight": what a pass has made keeps its dotted name.
    if (StringRef(name).count('.') != (StringRef(name).starts_with("blk.") ? 3u : 1u))
      return emitError(op->getLoc()) << quote(param.str())
                                     << " is no tensor of a GGUF file; write the file before "
                                        "passes that fuse, pack or lower";
    auto [known, isNew] = types.try_emplace(name, type);
    if (!isNew && known->second != type)
      return emitError(op->getLoc())
             << quote(param.str()) << " is used as " << StringRef(ggmlTraits(known->second).name)
             << " and as " << StringRef(ggmlTraits(type).name)
             << ", but a GGUF file has it once; quantize both uses or neither";
    if (!isNew)
      return success();
    if (int64_t heads = interleavedHeads(config, name))
      contents = makeInterleaved(contents, heads);
    weights.push_back({{name, type, shape.vec()}, contents});
    return success();
  }

  ModuleParams &params;
  const ModelConfig &config;
  llvm::StringMap<GgmlType> types;
};

} // namespace

FailureOr<std::vector<GgufWeight>> qopt::collectGgufWeights(ModuleOp module, ModuleParams &params,
                                                            const ModelConfig &config) {
  Collector collector(params, config);
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.getName() == "load")
      continue;
    WalkResult result = function.walk([&](Operation *op) {
      return failed(collector.visit(op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return failure();
  }
  if (auto *scaling = std::get_if<Llama3RopeScaling>(&config.ropeScaling)) {
    std::vector<float> factors = llama3RopeFactors(config, *scaling);
    std::vector<int64_t> shape = {int64_t(factors.size())};
    collector.weights.push_back(
        {{std::string(ropeFactorsName), GgmlType::F32, shape}, makeNumbersParam(shape, factors)});
  }
  return std::move(collector.weights);
}
