//===- Parameters.cpp - reading and computing a model's parameters --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Parameters.h"

using namespace mlir;
using namespace qopt;

Parameters::Parameters(ModuleOp module)
    : module(module), symbols(module), load(symbols.lookup<func::FuncOp>("load")),
      builder(module.getContext()) {
  for (auto function : module.getOps<func::FuncOp>())
    function.walk([&](Operation *op) {
      if (auto get = dyn_cast<llm::GetOp>(op)) {
        if (function != load)
          reads[lookup(get.getParamAttr())].push_back(get);
      } else if (auto set = dyn_cast<llm::SetOp>(op)) {
        values[lookup(set.getParamAttr())] = set.getValue();
      }
    });
}

llm::ParamOp Parameters::lookup(FlatSymbolRefAttr name) const {
  return symbols.lookup<llm::ParamOp>(name.getAttr());
}

ArrayRef<llm::GetOp> Parameters::readsOf(llm::ParamOp param) const {
  auto found = reads.find(param);
  return found == reads.end() ? ArrayRef<llm::GetOp>() : ArrayRef(found->second);
}

OpBuilder &Parameters::loadBuilder() {
  if (!load) {
    builder.setInsertionPointToEnd(module.getBody());
    load = func::FuncOp::create(builder, module.getLoc(), "load", builder.getFunctionType({}, {}));
    builder.setInsertionPointToEnd(load.addEntryBlock());
    func::ReturnOp::create(builder, module.getLoc());
  }
  builder.setInsertionPoint(load.front().getTerminator());
  return builder;
}

Value Parameters::valueInLoad(llm::ParamOp param) {
  Value &value = values[param];
  if (!value)
    value = llm::GetOp::create(loadBuilder(), param.getLoc(), param.getType(),
                               FlatSymbolRefAttr::get(param));
  return value;
}

llm::ParamOp Parameters::defineNumbers(StringRef name, ArrayRef<float> numbers,
                                       llm::ParamOp neighbour) {
  OpBuilder moduleBuilder(module.getContext());
  moduleBuilder.setInsertionPointAfter(neighbour);
  auto type = RankedTensorType::get({int64_t(numbers.size())}, moduleBuilder.getF32Type());
  auto param = llm::ParamOp::create(moduleBuilder, neighbour.getLoc(), name, type,
                                    DenseFPElementsAttr::get(type, numbers));
  symbols.insert(param); // makes the name unique
  return param;
}

llm::ParamOp Parameters::define(StringRef name, Value value, llm::ParamOp neighbour) {
  OpBuilder moduleBuilder(module.getContext());
  moduleBuilder.setInsertionPointAfter(neighbour);
  auto param = llm::ParamOp::create(moduleBuilder, value.getLoc(), name,
                                    cast<RankedTensorType>(value.getType()), Attribute());
  symbols.insert(param); // makes the name unique
  llm::SetOp::create(loadBuilder(), value.getLoc(), FlatSymbolRefAttr::get(param), value);
  values[param] = value;
  return param;
}
