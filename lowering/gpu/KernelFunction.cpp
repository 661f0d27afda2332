//===- KernelFunction.cpp - the gpu.func of one launch --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/KernelFunction.h"
#include "dialects/llm/Llm.h"
#include "lowering/gpu/Emitters.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using kernel::Argument;
using Kind = Argument::Kind;

bool ptx::isWeight(Value value) { return bool(value.getDefiningOp<llm::GetOp>()); }

static bool isNumber(Kind kind) {
  return kind == Kind::Rows || kind == Kind::Sequences || kind == Kind::MaxPages;
}

/// Whether nothing in the launch writes this memory. A result may take the place of an operand of
/// which each element is read only to compute the same element (plan-buffers).
static bool isReadOnly(Operation *op, const Argument &argument) {
  switch (argument.kind) {
  case Kind::KeyCache:
  case Kind::ValueCache:
  case Kind::KeyWindow:
  case Kind::ValueWindow:
    return isa<kernel::AttentionOp>(op);
  case Kind::Value:
    if (argument.value.getDefiningOp() == op)
      return false;
    if (isWeight(argument.value))
      return true;
    if (auto matmul = dyn_cast<kernel::MatmulOp>(op))
      return argument.value == matmul.getX() || argument.value == matmul.getXScales();
    return !isa<kernel::MapOp, kernel::NormOp>(op);
  case Kind::Counters:
  case Kind::NextIds:
    return false;
  default:
    return !isNumber(argument.kind);
  }
}

KernelFunction::KernelFunction(kernel::LaunchOpInterface op, gpu::GPUModuleOp module,
                               llvm::ArrayRef<Value> tensorMaps)
    : arguments(op.getKernelArguments()), builder(op->getLoc(), op->getContext()) {
  MLIRContext *context = op->getContext();
  builder.setInsertionPointToEnd(module.getBody());
  auto isTensorMap = [&](const Argument &argument) {
    return argument.kind == Kind::Value && llvm::is_contained(tensorMaps, argument.value);
  };
  llvm::SmallVector<Type> types;
  for (const Argument &argument : arguments)
    types.push_back(isNumber(argument.kind)
                        ? Type(builder.getI64Type())
                        : LLVM::LLVMPointerType::get(context, isTensorMap(argument) ? 0 : 1));
  function = gpu::GPUFuncOp::create(builder, op.getKernelAttr().getValue(),
                                    builder.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function.setKnownBlockSize(llvm::ArrayRef<int32_t>{int32_t(op.getLaunchAttr().getBlock()), 1, 1});
  // Without it ptxas aims at full occupancy and gives up loads in flight, or spills, for registers
  // that the grid has no use for.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  llvm::SmallVector<int64_t> weights;
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    if (argument.kind == Kind::Value && isWeight(argument.value))
      weights.push_back(int64_t(i));
    if (isNumber(argument.kind) || isTensorMap(argument))
      continue;
    function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(16));
    if (isReadOnly(op, argument)) {
      function.setArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr());
      function.setArgAttr(i, LLVM::LLVMDialect::getReadonlyAttrName(), builder.getUnitAttr());
    }
  }
  if (!weights.empty())
    function->setAttr(kWeightArguments, builder.getDenseI64ArrayAttr(weights));
  builder.setInsertionPointToStart(&function.getBody().front());
  auto end = gpu::ReturnOp::create(builder);
  builder.setInsertionPoint(end);
}

BlockArgument KernelFunction::argument(llvm::function_ref<bool(const Argument &)> matches) {
  const auto *found = llvm::find_if(arguments, matches);
  assert(found != arguments.end() && "the kernel has no such argument");
  return function.getBody().getArgument(found - arguments.begin());
}

BlockArgument KernelFunction::operand(Value value) {
  return argument([&](const Argument &a) { return a.kind == Kind::Value && a.value == value; });
}

Value KernelFunction::tensorMap(Value value) { return operand(value); }

int64_t KernelFunction::argumentIndex(Value value) { return operand(value).getArgNumber(); }

Matrix KernelFunction::matrix(Value value, Type element, int64_t columns) {
  BlockArgument base = operand(value);
  bool readOnly =
      bool(function.getArgAttr(base.getArgNumber(), LLVM::LLVMDialect::getReadonlyAttrName()));
  return {base, element, columns, roundUp(columns, kernel::kRowAlignment),
          readOnly ? Access::ReadOnly : Access::Plain};
}

Matrix KernelFunction::activation(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return matrix(value, type.getElementType(), type.getDimSize(1));
}

Matrix KernelFunction::weightRows(Value value) {
  return matrix(value, BFloat16Type::get(value.getContext()),
                cast<RankedTensorType>(value.getType()).getDimSize(1));
}

Matrix KernelFunction::codePairs(Value value) {
  Matrix pairs =
      matrix(value, builder.getBF16Type(), cast<RankedTensorType>(value.getType()).getDimSize(1));
  pairs.columns = roundUp(pairs.columns, 2) / 2;
  pairs.stride /= 2;
  return pairs;
}

Matrix KernelFunction::vector(Value value) {
  return matrix(value, Float32Type::get(value.getContext()), 1);
}

Value KernelFunction::pointer(Kind kind) {
  return argument([&](const Argument &a) { return a.kind == kind; });
}

Scalar KernelFunction::number(Kind kind) { return builder.wrap(pointer(kind)).toI32(); }
