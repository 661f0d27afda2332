//===- CheckpointNames.cpp - parameters by their tensor's name ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/CheckpointNames.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace qopt;

/// The parameter whose tensor `value` is a form of; the first operand is what an op changes.
static llm::GetOp findSource(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto get = dyn_cast<llm::GetOp>(op))
      return get;
    if (isa<llm::ConcatOp>(op) || op->getNumOperands() == 0)
      break;
    value = op->getOperand(0);
  }
  return {};
}

CheckpointNames::CheckpointNames(ModuleOp module) {
  for (auto param : module.getOps<llm::ParamOp>())
    if (auto source = dyn_cast_or_null<llm::SourceAttr>(param.getContents().value_or(nullptr)))
      names[param.getSymName()] = source.getTensor().str();
  auto load = module.lookupSymbol<func::FuncOp>("load");
  if (!load)
    return;
  for (auto set : load.getOps<llm::SetOp>())
    if (llm::GetOp get = findSource(set.getValue()))
      names[set.getParam()] = lookup(get.getParam());
}

std::string CheckpointNames::lookup(StringRef param) const {
  auto it = names.find(param);
  return it == names.end() ? param.str() : it->second;
}
