//===- ModuleParams.cpp - a module's parameters as expressions ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ModuleParams.h"
#include "lowering/artifact/ParamGguf.h"
#include "lowering/artifact/ParamQuantization.h"
#include "lowering/artifact/ParamSmoothing.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/GgmlScheme.h"
#include "llvm/ADT/TypeSwitch.h"

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

static ParamExpressionPtr makeCompact(q::CompactOp op, const ParamExpressionPtr &value) {
  Type from = getElementTypeOrSelf(op.getValue()), to = getElementTypeOrSelf(op.getResult());
  if (to.isF16())
    return makeCast(value, DType::F16);
  if (from.isInteger(8))
    return makeSixBits(value);
  auto name = dyn_cast<NameLoc>(op.getLoc());
  return makeMultiples(value, q::groupsOfProduct(op.getScheme()),
                       name ? name.getName().str() : "a computed parameter");
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
      .Case([&](q::CompactOp op) { return makeCompact(op, operands[0]); })
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
  if (auto source = dyn_cast_or_null<llm::SourceAttr>(param.getContentsAttr()))
    return makeStored(param, source);
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

/// Whether the parameter's type is `shape` of `dtype`; a diagnostic if it is not.
static bool checkType(llm::ParamOp param, std::optional<DType> dtype, ArrayRef<int64_t> shape,
                      const std::string &path, const std::string &tensor,
                      std::string_view storedType) {
  auto type = cast<RankedTensorType>(param.getType());
  if (dtype == dtypeOf(type.getElementType()) && shape == type.getShape())
    return true;
  param.emitOpError() << "is " << type << ", but " << quote(tensor) << " in " << path << " is "
                      << std::string(storedType) << " " << formatShape(shape);
  return false;
}

ParamExpressionPtr ModuleParams::makeStored(llm::ParamOp param, llm::SourceAttr source) {
  auto checkpoint = module->getAttrOfType<StringAttr>("llm.checkpoint");
  if (!checkpoint) {
    param.emitOpError("names a checkpoint file, but the module has no llm.checkpoint");
    return nullptr;
  }
  if (!files)
    files.emplace(std::string_view(checkpoint.getValue()));
  try {
    if (isGgufPath(source.getFile()))
      return makeGguf(param, source);
    const SafetensorsFile &file = files->safetensors(source.getFile().str());
    const TensorInfo &tensor = file.get(std::string_view(source.getTensor()));
    if (!checkType(param, tensor.dtype, tensor.shape, file.path(), tensor.name,
                   safetensorsName(tensor.dtype)))
      return nullptr;
    return makeStoredParam(file, tensor);
  } catch (const Error &error) {
    emitError(param.getLoc()) << error.what();
    return nullptr;
  }
}

ParamExpressionPtr ModuleParams::makeGguf(llm::ParamOp param, llm::SourceAttr source) {
  const GgufFile &file = files->gguf(source.getFile().str());
  const GgufTensor &tensor = file.get(std::string_view(source.getTensor()));
  const GgmlTraits &traits = ggmlTraits(tensor.type);
  auto type = cast<RankedTensorType>(param.getType());
  GgufSource stored = {&file, &tensor, source.getHeads()};
  if (stored.heads && tensor.shape.front() % (2 * stored.heads) != 0) {
    param.emitOpError() << "has " << stored.heads << " interleaved heads, which do not share the "
                        << tensor.shape.front() << " rows of " << quote(tensor.name) << " in pairs";
    return nullptr;
  }
  StringAttr part = source.getPart();
  if (!part) {
    std::optional<DType> dtype = dtypeOf(type.getElementType());
    bool isFloat = dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
    if (!checkType(param, traits.isBlocks() && isFloat ? dtype : traits.dtype, tensor.shape,
                   file.path(), tensor.name, traits.name))
      return nullptr;
    return makeGgufValues(stored, *dtype);
  }
  if (!traits.isBlocks() || tensor.shape.size() != 2 || (part == "zeros" && !traits.hasZeros)) {
    param.emitOpError() << "takes the " << part.getValue() << " of " << quote(tensor.name) << " in "
                        << file.path() << ", a " << StringRef(traits.name) << " "
                        << formatShape(tensor.shape) << ", which has none";
    return nullptr;
  }
  auto scheme = q::SchemeAttr::get(param.getContext(), ggmlScheme(tensor.type));
  SmallVector<int64_t> shape(tensor.shape.begin(), tensor.shape.end());
  if (part != "codes")
    shape = scheme.scaleShape(shape);
  Type element = part == "codes" ? scheme.codeType() : Type(Float32Type::get(param.getContext()));
  if (type != RankedTensorType::get(shape, element)) {
    param.emitOpError() << "is " << type << ", but the " << part.getValue() << " of "
                        << quote(tensor.name) << " in " << file.path() << " are "
                        << RankedTensorType::get(shape, element);
    return nullptr;
  }
  QuantizedParams parts = makeGgufParts(stored);
  return part == "codes" ? parts.codes : part == "scales" ? parts.scales : parts.zeros;
}

std::string ModuleParams::storedTypeName(llm::SourceAttr source) {
  assert(files && "of parameters that have been read");
  const GgufFile &file = files->gguf(source.getFile().str());
  return std::string(ggmlTraits(file.get(std::string_view(source.getTensor())).type).name);
}
