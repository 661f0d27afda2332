//===- ModuleParams.cpp - a module's parameters as expressions ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ModuleParams.h"
#include "lowering/artifact/ParamQuantization.h"
#include "lowering/artifact/ParamSmoothing.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace qopt;

std::optional<DType> qopt::dtypeOf(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  return parseDType(name);
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

ModuleParams::ModuleParams(ModuleOp module) : module(module), symbols(module) {}

LogicalResult ModuleParams::load() {
  auto function = symbols.lookup<func::FuncOp>("load");
  if (!function || function.isExternal())
    return success();
  for (Operation &op : function.front().without_terminator()) {
    if (auto quantize = dyn_cast<q::QuantizeOp>(op)) {
      evaluate(quantize);
      continue;
    }
    ParamExpressionPtr value = evaluate(&op);
    if (!value)
      return failure();
    if (auto set = dyn_cast<llm::SetOp>(op))
      params[set.getParam()] = value;
    else
      values[op.getResult(0)] = value;
  }
  return success();
}

ParamExpressionPtr ModuleParams::get(StringRef name) {
  ParamExpressionPtr &value = params[name];
  if (!value)
    value = makeLeaf(symbols.lookup<llm::ParamOp>(name));
  return value;
}

void ModuleParams::evaluate(q::QuantizeOp op) {
  auto get = op.getValues().getDefiningOp<llm::GetOp>();
  QuantizedParams quantized =
      makeQuantized(values.lookup(op.getValues()), op.getScheme().toScheme(),
                    get ? get.getParam().str() : "a computed parameter");
  values[op.getCodes()] = quantized.codes;
  const ParamExpressionPtr parts[] = {quantized.scales, quantized.zeros};
  for (auto [value, part] : llvm::zip(op.getParameters(), parts))
    values[value] = part;
}

ParamExpressionPtr ModuleParams::evaluate(Operation *op) {
  SmallVector<ParamExpressionPtr> operands;
  for (Value operand : op->getOperands())
    operands.push_back(values.lookup(operand));
  return llvm::TypeSwitch<Operation *, ParamExpressionPtr>(op)
      .Case([&](llm::GetOp op) { return get(op.getParam()); })
      .Case([&](llm::SetOp) { return operands[0]; })
      .Case([&](llm::TransposeOp) { return makeTransposed(operands[0]); })
      .Case([&](llm::ConcatOp op) {
        return makeConcat(std::vector(operands.begin(), operands.end()), shapeOf(op.getResult()));
      })
      .Case([&](llm::CastOp op) {
        return makeCast(operands[0], *dtypeOf(op.getType().getElementType()));
      })
      .Case([&](llm::RepeatOp op) { return makeRepeated(operands[0], op.getTimes()); })
      .Case([&](llm::PackOp op) {
        bool isPairs = op.getValue().getType().getElementType().isInteger(4);
        return (isPairs ? makePackedPairs : makePacked)(operands[0], shapeOf(op.getResult()),
                                                        op.getWays());
      })
      .Case([&](llm::SmoothingOp op) {
        return makeSmoothing(operands[0], std::vector(operands.begin() + 1, operands.end()),
                             SmoothingVariant(op.getVariant()), op.getAlpha().convertToDouble(),
                             {int64_t(op.getGroup()), int64_t(op.getHeadDim())});
      })
      .Case([&](llm::ScaleOp op) {
        return makeScaled(operands[0], operands[1],
                          {op.getColumns(),
                           op.getInverse(),
                           int64_t(op.getOffset()),
                           {int64_t(op.getGroup()), int64_t(op.getHeadDim())}});
      })
      .Case([&](q::DequantizeOp op) {
        operands.resize(3);
        return makeDequantized({operands[0], operands[1], operands[2]}, op.getScheme().toScheme(),
                               *dtypeOf(op.getValues().getType().getElementType()));
      })
      .Default([](Operation *op) {
        op->emitOpError("computes no parameter; @load holds parameter expressions only");
        return nullptr;
      });
}

ParamExpressionPtr ModuleParams::makeLeaf(llm::ParamOp param) {
  auto type = cast<RankedTensorType>(param.getType());
  std::optional<DType> dtype = dtypeOf(type.getElementType());
  if (!dtype) {
    param.emitOpError() << "cannot be stored with elements of type " << type.getElementType();
    return nullptr;
  }
  Attribute contents = param.getContentsAttr();
  if (!contents) {
    param.emitOpError("has no contents and @load does not set it");
    return nullptr;
  }
  return llvm::TypeSwitch<Attribute, ParamExpressionPtr>(contents)
      .Case([&](llm::SourceAttr source) { return makeStored(param, source); })
      .Case([&](llm::RandomAttr random) {
        return makeRandomParam(*dtype, type.getShape(), param.getName().str(), random.getSeed(),
                               random.getDeviation().getValueAsDouble());
      })
      .Case([&](DenseFPElementsAttr numbers) {
        return makeNumbersParam(type.getShape(), llvm::to_vector(numbers.getValues<float>()));
      })
      .Case([&](llm::SplatAttr splat) {
        return makeSplatParam(*dtype, type.getShape(), splat.getValue().getValueAsDouble());
      })
      .Default([&](Attribute) {
        param.emitOpError() << "has contents of an unknown kind: " << contents;
        return nullptr;
      });
}

ParamExpressionPtr ModuleParams::makeStored(llm::ParamOp param, llm::SourceAttr source) {
  auto directory = module->getAttrOfType<StringAttr>("llm.checkpoint");
  if (!directory) {
    param.emitOpError("names a checkpoint file, but the module has no llm.checkpoint");
    return nullptr;
  }
  SmallString<128> path(directory.getValue());
  llvm::sys::path::append(path, source.getFile());
  try {
    std::unique_ptr<SafetensorsFile> &file = files[path];
    if (!file)
      file = std::make_unique<SafetensorsFile>(std::string(path));
    const TensorInfo &tensor = file->get(std::string_view(source.getTensor()));
    auto type = cast<RankedTensorType>(param.getType());
    if (tensor.dtype != dtypeOf(type.getElementType()) ||
        ArrayRef(tensor.shape) != type.getShape()) {
      param.emitOpError() << "is " << type << ", but " << quote(tensor.name) << " in "
                          << file->path() << " is " << std::string(safetensorsName(tensor.dtype))
                          << " " << formatShape(tensor.shape);
      return nullptr;
    }
    return makeStoredParam(*file, tensor);
  } catch (const Error &error) {
    emitError(param.getLoc()) << error.what();
    return nullptr;
  }
}
