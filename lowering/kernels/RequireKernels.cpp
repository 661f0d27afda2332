//===- RequireKernels.cpp - refuse what no kernel computes ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/q/Q.h"
#include "lowering/kernels/Passes.h"
#include "lowering/kernels/PtxObstacle.h"
#include "passes/Parameters.h"

namespace qopt {
#define GEN_PASS_DEF_REQUIREKERNELS
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

//===----------------------------------------------------------------------===//
// What targets compute
//===----------------------------------------------------------------------===//

/// Why no CPU kernel reads codes of this scheme; empty if one does.
static std::string cpuObstacle(q::SchemeAttr scheme) {
  DenseI64ArrayAttr block = scheme.getBlock();
  if (scheme.codeType().isInteger(4) && block && block[1] % 2 != 0)
    return "no cpu kernel reads 4-bit codes in groups of " + std::to_string(block[1]) +
           ": two share a byte, so an even group has one";
  return "";
}

/// Whether the op is quantization of an activation, which CPU kernels compute on their way.
static bool isActivation(Operation *op) {
  if (auto dequantize = dyn_cast<q::DequantizeOp>(op))
    op = dequantize.getCodes().getDefiningOp<q::QuantizeOp>();
  auto quantize = dyn_cast_or_null<q::QuantizeOp>(op);
  return quantize && !quantize.getValues().getDefiningOp<llm::GetOp>() &&
         quantize.getScheme().getStorage() != q::Storage::Int4;
}

/// Why `target` has no kernel for an op of the q dialect; empty if it has.
static std::string obstacle(Operation *op, StringRef target) {
  auto linear = dyn_cast<q::LinearOp>(op);
  auto embedding = dyn_cast<q::EmbeddingOp>(op);
  if (!linear && !embedding) {
    if (isActivation(op)) {
      auto quantize = dyn_cast<q::QuantizeOp>(op);
      if (target == "cpu" || !quantize)
        return "";
      return kernel::ptxQuantizeObstacle(quantize.getScheme(), bool(quantize.getScale()));
    }
    if (auto dequantize = dyn_cast<q::DequantizeOp>(op))
      return "no kernel reads " + describe(dequantize.getScheme().toScheme()) + " codes here";
    return ("no kernel computes '" + op->getName().getStringRef() + "'").str();
  }
  q::SchemeAttr scheme = linear ? linear.getWeightScheme() : embedding.getScheme();
  if (embedding && embedding.getIndices().getDefiningOp<llm::PositionsOp>())
    return "no " + target.str() + " kernel gathers " + describe(scheme.toScheme()) +
           " rows by position";
  int64_t columns =
      linear ? cast<RankedTensorType>(linear.getX().getType()).getDimSize(1) : int64_t(0);
  if (target == "ptx") {
    if (linear && linear.getXScales())
      return kernel::ptxProductObstacle(scheme, *linear.getXScheme(), columns);
    return kernel::ptxObstacle(scheme);
  }
  if (linear && linear.getXScales() && q::multipliesAsIntegers(scheme, *linear.getXScheme())) {
    std::string reason = integerBlockObstacle(scheme, *linear.getXScheme(), columns);
    if (!reason.empty())
      return "no cpu kernel multiplies " + describe(linear.getXScheme()->toScheme()) +
             " activations by " + describe(scheme.toScheme()) + " weights: " + reason;
  }
  return cpuObstacle(scheme);
}

//===----------------------------------------------------------------------===//
// Dequantized in @load instead
//===----------------------------------------------------------------------===//

namespace {

class Fallback {
public:
  explicit Fallback(ModuleOp module) : parameters(module) {}

  /// Makes an op on parameters one on their dequantized values; false if it cannot.
  bool replace(Operation *op);

private:
  Value readDequantized(OpBuilder &builder, Value codes, ValueRange scales, q::SchemeAttr scheme);

  Parameters parameters;
  llvm::DenseMap<Operation *, llm::ParamOp> dequantized; ///< by the parameter of the codes
};

class RequireKernelsPass : public qopt::impl::RequireKernelsBase<RequireKernelsPass> {
public:
  using Base::Base;

  void runOnOperation() override;
};

} // namespace

Value Fallback::readDequantized(OpBuilder &builder, Value codes, ValueRange scales,
                                q::SchemeAttr scheme) {
  auto paramOf = [&](Value value) {
    return parameters.lookup(value.getDefiningOp<llm::GetOp>().getParamAttr());
  };
  llm::ParamOp codesParam = paramOf(codes);
  auto type = RankedTensorType::get(codesParam.getType().getShape(), builder.getF32Type());
  llm::ParamOp &param = dequantized[codesParam];
  if (!param) {
    Value codesInLoad = parameters.valueInLoad(codesParam);
    auto scalesInLoad = llvm::map_to_vector(
        scales, [&](Value value) { return parameters.valueInLoad(paramOf(value)); });
    Value values = q::DequantizeOp::create(parameters.loadBuilder(), codesParam.getLoc(), type,
                                           codesInLoad, scalesInLoad, scheme, /*fake=*/false);
    StringRef name = codesParam.getSymName();
    name.consume_back(".codes");
    param = parameters.define((name + ".dequantized").str(), values, codesParam);
  }
  return llm::GetOp::create(builder, codes.getLoc(), type, FlatSymbolRefAttr::get(param));
}

bool Fallback::replace(Operation *op) {
  OpBuilder builder(op);
  Value replacement;
  if (auto linear = dyn_cast<q::LinearOp>(op)) {
    Value weight = readDequantized(builder, linear.getWeight(), linear.getWeightParameters(),
                                   linear.getWeightScheme());
    Value x = linear.getX();
    if (linear.getXScales()) {
      auto type = cast<RankedTensorType>(x.getType()).clone(builder.getF32Type());
      x = q::DequantizeOp::create(builder, op->getLoc(), type, x, linear.getXScales(),
                                  *linear.getXScheme(), /*fake=*/true);
    }
    replacement =
        llm::LinearOp::create(builder, op->getLoc(), linear.getType(), x, weight, linear.getBias());
  } else if (auto embedding = dyn_cast<q::EmbeddingOp>(op)) {
    Value table = readDequantized(builder, embedding.getTable(), embedding.getParameters(),
                                  embedding.getScheme());
    replacement = llm::EmbeddingOp::create(builder, op->getLoc(), embedding.getType(),
                                           embedding.getIndices(), table);
  } else {
    return false;
  }
  op->getResult(0).replaceAllUsesWith(replacement);
  op->erase();
  return true;
}

void RequireKernelsPass::runOnOperation() {
  SmallVector<Operation *> ops;
  for (auto function : getOperation().getOps<func::FuncOp>())
    if (function.getSymName() != "load")
      function.walk([&](Operation *op) {
        if (isa<q::QDialect>(op->getDialect()) && !isa<q::ObserveOp>(op))
          ops.push_back(op);
      });
  Fallback fallback(getOperation());
  for (Operation *op : ops)
    for (const std::string &target : targets) {
      std::string reason = obstacle(op, target);
      if (reason.empty())
        continue;
      Location loc = op->getLoc();
      if (allowFallback && fallback.replace(op)) {
        ++numFallbacks;
        emitRemark(loc) << reason << ": its values are stored dequantized, as f32";
        break;
      }
      emitError(loc) << reason << "; mode=fake stores dequantized values"
                     << (allowFallback ? "" : ", --allow-dequantized-fallback where it must");
      return signalPassFailure();
    }
}
