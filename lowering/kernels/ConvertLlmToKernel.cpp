//===- ConvertLlmToKernel.cpp - one kernel op for each llm op -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "lowering/kernels/ScalarRegion.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/TypeSwitch.h"
#include <map>

namespace qopt {
#define GEN_PASS_DEF_CONVERTLLMTOKERNEL
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

/// Whether only products and attention read `value`.
static bool isOperandOnly(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUsers(), [](Operation *user) {
    return isa<llm::LinearInterface, llm::AttentionOp>(user);
  });
}

namespace {

/// Where activations are quantized whose codes nothing multiplies, by their scheme in words. An
/// input has one place in all functions.
using PlacesByScheme = std::map<std::string, llvm::DenseSet<Location>>;

/// Converts the ops of one function, in order.
class FunctionConverter {
public:
  /// `multipliesFp8`: products read fp8 codes of x; otherwise what those stand for. `dequantized`
  /// learns of codes that are.
  FunctionConverter(func::FuncOp function, Type operandType, bool multipliesFp8,
                    PlacesByScheme &dequantized)
      : builder(function.getLoc(), function.getContext()), function(function),
        operandType(operandType), multipliesFp8(multipliesFp8), dequantized(dequantized) {}

  /// The number of ops converted.
  FailureOr<int64_t> run() {
    int64_t converted = 0;
    for (Operation *op = &function.front().front(), *next; op; op = next) {
      builder.setLoc(op->getLoc());
      builder.setInsertionPoint(op);
      FailureOr<bool> done = convert(op);
      if (failed(done))
        return failure();
      next = op->getNextNode(); // only now: a product of halves takes its slices with it
      if (!*done)
        continue;
      ++converted;
      op->erase();
    }
    return converted;
  }

private:
  /// False if the op stays as it is.
  FailureOr<bool> convert(Operation *op) {
    return llvm::TypeSwitch<Operation *, FailureOr<bool>>(op)
        .Case<llm::EmbeddingOp, llm::SelectRowsOp, llm::RmsNormOp, llm::LayerNormOp,
              llm::AttentionOp, llm::SliceOp, llm::SiluOp, llm::GeluOp, llm::AddOp, llm::MulOp,
              q::EmbeddingOp, q::QuantizeOp>([&](auto typed) { return convertOp(typed); })
        .Case([&](q::ObserveOp op) { return convertOp(op); })
        .Case([&](llm::LinearInterface linear) { return convertOp(linear); })
        .Default([](Operation *) { return false; });
  }

  RankedTensorType resultType(Value value) {
    auto type = cast<RankedTensorType>(value.getType());
    return isOperandOnly(value) ? RankedTensorType::get(type.getShape(), operandType) : type;
  }

  bool convertOp(llm::EmbeddingOp op) {
    Value indices = op.getIndices();
    auto positions = indices.getDefiningOp<llm::PositionsOp>();
    op.replaceAllUsesWith(createGather(resultType(op), op.getTable(), {},
                                       positions ? Value() : indices, q::SchemeAttr()));
    if (positions && positions->hasOneUse()) {
      op.getIndicesMutable().assign(function.getArgument(0));
      positions.erase();
    }
    return true;
  }

  bool convertOp(llm::SelectRowsOp op) {
    op.replaceAllUsesWith(
        createGather(resultType(op), op.getX(), {}, op.getRows(), q::SchemeAttr()));
    return true;
  }

  bool convertOp(q::EmbeddingOp op) {
    op.replaceAllUsesWith(createGather(resultType(op), op.getTable(), op.getParameters(),
                                       op.getIndices(), op.getScheme()));
    return true;
  }

  bool convertOp(q::ObserveOp op) {
    ObserveOp::create(builder, op.getValues(), op.getWeights());
    return true;
  }

  Value createGather(Type type, Value table, ValueRange parameters, Value indices,
                     q::SchemeAttr scheme) {
    return GatherOp::create(builder, type, table, parameters, indices, scheme, DictionaryAttr(),
                            LaunchAttr(), StringAttr(), DenseI64ArrayAttr())
        .getResult();
  }

  bool convertOp(llm::RmsNormOp op) {
    if (op.getWeight().getType().getDimSize(0) != op.getX().getType().getDimSize(1))
      return false; // of each head: part of kernel.rope_append
    op.replaceAllUsesWith(createNorm(NormKind::Rms, op.getX(), op.getWeight(), Value(),
                                     op.getEpsAttr(), resultType(op)));
    return true;
  }

  bool convertOp(llm::LayerNormOp op) {
    op.replaceAllUsesWith(createNorm(NormKind::Layer, op.getX(), op.getWeight(), op.getBias(),
                                     op.getEpsAttr(), resultType(op)));
    return true;
  }

  Value createNorm(NormKind kind, Value x, Value weight, Value bias, FloatAttr eps, Type type) {
    return NormOp::create(builder, type, Type(), Type(),
                          NormKindAttr::get(builder.getContext(), kind), x, Value(), weight, bias,
                          Value(), eps, q::SchemeAttr(), DictionaryAttr(), LaunchAttr(),
                          StringAttr(), DenseI64ArrayAttr())
        .getResult();
  }

  FailureOr<bool> convertOp(llm::LinearInterface op) {
    if (!op.isPacked())
      return op->emitOpError("has no kernel for a weight that is not packed; run pack-weights");
    if (op.getWays() == 2)
      return convertHalves(op);
    Value result = op->getResult(0);
    result.replaceAllUsesWith(createMatmul(
        op, resultType(result), [](ImplicitLocOpBuilder &builder, ValueRange scalars) -> Value {
          return scalars.size() == 1
                     ? scalars[0]
                     : arith::AddFOp::create(builder, scalars[0], scalars[1]).getResult();
        }));
    return true;
  }

  /// A product whose packed weight interleaves two halves: its users are slices of either half.
  FailureOr<bool> convertHalves(llm::LinearInterface op) {
    if (op.getBiasOperand())
      return op->emitOpError("has no kernel for a bias and ways = 2; pack it with ways = 1");
    int64_t columns = op.getOutputType().getDimSize(1) / 2;
    Value halves[2];
    for (Operation *user : llvm::reverse(llvm::to_vector(op->getUsers()))) {
      auto slice = dyn_cast<llm::SliceOp>(user);
      if (!slice || slice.getType().getDimSize(1) != columns ||
          int64_t(slice.getOffset()) % columns != 0)
        return op->emitOpError() << "is packed with ways = 2, so only slices of either half can "
                                 << "read it, not " << user->getName();
      int64_t way = slice.getOffset() / columns;
      if (!halves[way])
        halves[way] =
            createMatmul(op, slice.getType(),
                         [&](ImplicitLocOpBuilder &, ValueRange scalars) { return scalars[way]; });
      slice.replaceAllUsesWith(halves[way]);
      slice.erase();
    }
    return true;
  }

  Value createMatmul(llm::LinearInterface op, RankedTensorType type, ScalarFunction epilogue) {
    SmallVector<Value> extras;
    if (Value bias = op.getBiasOperand())
      extras.push_back(bias);
    Value xScales;
    q::SchemeAttr weightScheme, xScheme;
    if (auto quantized = dyn_cast<q::LinearOp>(op.getOperation())) {
      xScales = quantized.getXScales();
      weightScheme = quantized.getWeightSchemeAttr();
      xScheme = quantized.getXSchemeAttr();
    }
    OperandRange weight = op.getWeightOperands();
    auto matmul =
        MatmulOp::create(builder, type, op.getInput(), xScales, weight[0], weight.drop_front(),
                         op.getWays(), extras, type.getDimSize(1), weightScheme, xScheme,
                         DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
    buildScalarRegion(matmul.getEpilogue(), op.getLoc(), op.getWays() + extras.size(), epilogue);
    return matmul.getResult();
  }

  /// The products of codes that `op` is for multiply what those stand for instead.
  void dequantizeInputs(q::QuantizeOp op) {
    Value values;
    for (Operation *user : llvm::make_early_inc_range(op.getCodes().getUsers())) {
      auto linear = dyn_cast<q::LinearOp>(user);
      if (!linear)
        continue;
      if (!values)
        values = q::DequantizeOp::create(builder, op.getValues().getType(), op.getCodes(),
                                         linear.getXScales(), op.getScheme(), /*fake=*/false);
      linear.getXMutable().assign(values);
      linear.getXScalesMutable().clear();
      linear.removeXSchemeAttr();
    }
  }

  /// Codes for products of codes; values for whoever reads them dequantized.
  bool convertOp(q::QuantizeOp op) {
    if (!multipliesFp8 && !op.getScheme().toScheme().isInteger())
      dequantizeInputs(op);
    Value values;
    for (Operation *user : llvm::make_early_inc_range(op.getCodes().getUsers())) {
      auto dequantize = dyn_cast<q::DequantizeOp>(user);
      if (!dequantize)
        continue;
      if (!dequantize.getFake())
        dequantized[describe(op.getScheme().toScheme())].insert(op.getLoc());
      if (!values)
        values = createQuantize(op, resultType(dequantize.getValues()), Type()).getResult();
      dequantize.replaceAllUsesWith(values);
      dequantize.erase();
    }
    if (op.getCodes().use_empty())
      return true;
    Type scales = op.getParameters().empty() ? Type() : op.getParameters().front().getType();
    QuantizeOp codes = createQuantize(op, op.getCodes().getType(), scales);
    op.getCodes().replaceAllUsesWith(codes.getResult());
    if (scales)
      op.getParameters().front().replaceAllUsesWith(codes.getScales());
    return true;
  }

  QuantizeOp createQuantize(q::QuantizeOp op, Type type, Type scales) {
    auto quantize = QuantizeOp::create(
        builder, type, scales, op.getValues(), op.getScale(), builder.getDenseI64ArrayAttr(0),
        op.getScheme(), DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
    buildScalarRegion(quantize.getBody(), op.getLoc(), 1,
                      [](ImplicitLocOpBuilder &, ValueRange scalars) { return scalars[0]; });
    return quantize;
  }

  bool convertOp(llm::AttentionOp op) {
    op.replaceAllUsesWith(AttentionOp::create(builder, resultType(op), op.getQ(), op.getKeyBias(),
                                              op.getCacheAttr(), op.getHeadsAttr(),
                                              op.getScaleAttr(), op.getSoftmaxAttr(),
                                              op.getRopeAttr(), DictionaryAttr(), LaunchAttr(),
                                              StringAttr(), DenseI64ArrayAttr())
                              .getResult());
    return true;
  }

  bool convertOp(llm::SliceOp op) {
    op.replaceAllUsesWith(
        createMap(resultType(op), op.getX(), op.getOffset(),
                  [](ImplicitLocOpBuilder &, ValueRange scalars) { return scalars[0]; }));
    return true;
  }

  bool convertOp(llm::SiluOp op) {
    op.replaceAllUsesWith(createMap(resultType(op), op.getX(), 0,
                                    [](ImplicitLocOpBuilder &builder, ValueRange scalars) {
                                      return buildSilu(builder, scalars[0]);
                                    }));
    return true;
  }

  bool convertOp(llm::GeluOp op) {
    op.replaceAllUsesWith(createMap(resultType(op), op.getX(), 0,
                                    [&](ImplicitLocOpBuilder &builder, ValueRange scalars) {
                                      return buildGelu(builder, scalars[0], op.getKind());
                                    }));
    return true;
  }

  bool convertOp(llm::AddOp op) { return convertBinary<arith::AddFOp>(op); }
  bool convertOp(llm::MulOp op) { return convertBinary<arith::MulFOp>(op); }

  template <typename ScalarOp, typename LlmOp> bool convertBinary(LlmOp op) {
    op.replaceAllUsesWith(createMap(resultType(op), ValueRange{op.getLhs(), op.getRhs()}, 0,
                                    [](ImplicitLocOpBuilder &builder, ValueRange scalars) -> Value {
                                      return ScalarOp::create(builder, scalars[0], scalars[1]);
                                    }));
    return true;
  }

  Value createMap(Type type, ValueRange inputs, int64_t offset, ScalarFunction body) {
    SmallVector<int64_t> offsets(inputs.size(), offset);
    auto map = MapOp::create(builder, type, inputs, builder.getDenseI64ArrayAttr(offsets),
                             DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
    buildScalarRegion(map.getBody(), builder.getLoc(), inputs.size(), body);
    return map.getResult();
  }

  ImplicitLocOpBuilder builder;
  func::FuncOp function;
  Type operandType;
  bool multipliesFp8;
  PlacesByScheme &dequantized;
};

class ConvertLlmToKernelPass : public qopt::impl::ConvertLlmToKernelBase<ConvertLlmToKernelPass> {
public:
  using Base::Base;

  void runOnOperation() override {
    Type operands = chooseOperandType();
    if (!operands)
      return signalPassFailure();
    SymbolTable symbols(getOperation());
    auto functions = llvm::to_vector(getOperation().getOps<func::FuncOp>());
    Operation *last = functions.empty() ? nullptr : functions.back();
    PlacesByScheme dequantized;
    for (func::FuncOp function : functions) {
      std::string name = (function.getName() + "." + target).str();
      if (!isModelFunction(function) || symbols.lookup(name))
        continue;
      func::FuncOp copy = function.clone();
      copy.setName(name);
      copy->setAttr(kTargetAttr, StringAttr::get(&getContext(), target));
      copy->setAttr(kOperandTypeAttr, TypeAttr::get(operands));
      symbols.insert(copy, std::next(Block::iterator(last)));
      last = copy;
      if (target != "cpu")
        copy.walk([](q::ObserveOp op) { op.erase(); });
      FailureOr<int64_t> converted =
          FunctionConverter(copy, operands, target == "ptx", dequantized).run();
      if (failed(converted))
        return signalPassFailure();
      ++numFunctions;
      numConverted += *converted;
    }
    for (const auto &[scheme, places] : dequantized)
      emitRemark(getOperation().getLoc())
          << target << ": " << scheme << " activations of " << places.size()
          << " inputs are multiplied as the numbers that they stand for";
  }

private:
  Type chooseOperandType() {
    if (target != "cpu" && target != "ptx") {
      emitError(getOperation().getLoc()) << "unknown target '" << target << "'; cpu and ptx exist";
      return {};
    }
    std::string name = operandType;
    if (name.empty())
      name = target == "cpu" ? "f32" : "bf16";
    if (name == "f32")
      return Float32Type::get(&getContext());
    if (name == "bf16")
      return BFloat16Type::get(&getContext());
    emitError(getOperation().getLoc())
        << "unknown operand type '" << name << "'; f32 and bf16 exist";
    return {};
  }

  static bool isModelFunction(func::FuncOp function) {
    if (function.isExternal() || function->hasAttr(kTargetAttr) || function.getName() == "load")
      return false;
    return llvm::any_of(function.front(),
                        [](Operation &op) { return isa<llm::LlmDialect>(op.getDialect()); });
  }
};

} // namespace
