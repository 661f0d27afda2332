//===- FoldQuantization.cpp - what of q/dq runs when ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_FOLDQUANTIZATION
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

/// Statistics of a quantized model would be taken for the original's.
static LogicalResult refuseObservations(ModuleOp module) {
  bool isQuantized = false;
  q::ObserveOp observation;
  module.walk([&](Operation *op) {
    isQuantized |= isa<q::QuantizeOp, q::DequantizeOp>(op);
    if (auto observe = dyn_cast<q::ObserveOp>(op); observe && !observation)
      observation = observe;
  });
  if (!isQuantized || !observation)
    return success();
  return observation.emitError(
      "is observed in a quantized model: run --instrument on the original, "
      "and quantize without it");
}

namespace {

struct FoldQuantizationPass : qopt::impl::FoldQuantizationBase<FoldQuantizationPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(refuseObservations(module)))
      return signalPassFailure();
    SmallVector<q::DequantizeOp> dequantizes;
    for (auto function : module.getOps<func::FuncOp>())
      if (function.getSymName() != "load")
        function.walk([&](q::DequantizeOp op) { dequantizes.push_back(op); });
    for (q::DequantizeOp dequantize : dequantizes)
      fold(dequantize);
  }

private:
  void fold(q::DequantizeOp dequantize);
  /// A builder at the end of @load, which is made if there is none.
  OpBuilder loadBuilder();
  /// Reads parameter `name`, which `@load` sets to `value(builder)` if it is new.
  Value readComputed(OpBuilder &builder, Location loc, const Twine &name, Type type,
                     llvm::function_ref<Value(OpBuilder &)> value);
};

} // namespace

OpBuilder FoldQuantizationPass::loadBuilder() {
  ModuleOp module = getOperation();
  auto load = module.lookupSymbol<func::FuncOp>("load");
  if (!load) {
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    load = func::FuncOp::create(builder, module.getLoc(), "load", builder.getFunctionType({}, {}));
    builder.setInsertionPointToStart(load.addEntryBlock());
    func::ReturnOp::create(builder, module.getLoc());
  }
  return OpBuilder(load.getBody().front().getTerminator());
}

Value FoldQuantizationPass::readComputed(OpBuilder &builder, Location loc, const Twine &name,
                                         Type type, llvm::function_ref<Value(OpBuilder &)> value) {
  ModuleOp module = getOperation();
  std::string symbol = name.str();
  if (!module.lookupSymbol<llm::ParamOp>(symbol)) {
    auto params = module.getOps<llm::ParamOp>();
    OpBuilder atModule(*params.begin());
    llm::ParamOp::create(atModule, loc, atModule.getStringAttr(symbol), TypeAttr::get(type),
                         Attribute());
    OpBuilder atLoad = loadBuilder();
    Value computed = value(atLoad);
    llm::SetOp::create(atLoad, loc, symbol, computed);
  }
  return llm::GetOp::create(builder, loc, type, symbol);
}

void FoldQuantizationPass::fold(q::DequantizeOp dequantize) {
  auto quantize = dequantize.getCodes().getDefiningOp<q::QuantizeOp>();
  auto get = quantize ? quantize.getValues().getDefiningOp<llm::GetOp>() : llm::GetOp();
  if (!get)
    return;
  OpBuilder builder(dequantize);
  Location loc = dequantize.getLoc();
  StringRef param = get.getParam();
  // One quantize in @load, however many parameters its results become.
  q::QuantizeOp loaded;
  auto quantizeInLoad = [&](OpBuilder &atLoad) {
    if (!loaded) {
      Value source = llm::GetOp::create(atLoad, loc, get.getResult().getType(), param);
      loaded = cast<q::QuantizeOp>(atLoad.clone(*quantize));
      loaded.getValuesMutable().assign(source);
    }
    return loaded;
  };

  Value replacement;
  bool onlyRounds = quantize.getParameters().empty();
  if (dequantize.getFake()) {
    replacement = readComputed(builder, loc, param + ".dequantized",
                               dequantize.getValues().getType(), [&](OpBuilder &atLoad) -> Value {
                                 q::QuantizeOp codes = quantizeInLoad(atLoad);
                                 auto values = cast<q::DequantizeOp>(atLoad.clone(*dequantize));
                                 values.getCodesMutable().assign(codes.getCodes());
                                 values.getParametersMutable().assign(codes.getParameters());
                                 return values.getValues();
                               });
    ++numFake;
  } else {
    Value codes = readComputed(
        builder, loc, param + (onlyRounds ? ".rounded" : ".codes"), quantize.getCodes().getType(),
        [&](OpBuilder &atLoad) -> Value { return quantizeInLoad(atLoad).getCodes(); });
    SmallVector<Value> parameters;
    for (auto [index, suffix] : llvm::enumerate(ArrayRef<StringRef>{".scales", ".zeros"})) {
      if (index >= quantize.getParameters().size())
        break;
      parameters.push_back(readComputed(builder, loc, param + suffix,
                                        quantize.getParameters()[index].getType(),
                                        [&, i = index](OpBuilder &atLoad) -> Value {
                                          return quantizeInLoad(atLoad).getParameters()[i];
                                        }));
    }
    replacement = onlyRounds
                      ? codes
                      : q::DequantizeOp::create(builder, loc, dequantize.getValues().getType(),
                                                codes, parameters, dequantize.getScheme(),
                                                /*fake=*/false)
                            .getValues();
    ++numReal;
  }
  dequantize.getValues().replaceAllUsesWith(replacement);
  dequantize.erase();
  if (quantize->use_empty())
    quantize.erase();
  if (get->use_empty())
    get.erase();
}
