//===- KernelArguments.cpp - the arguments of each kernel, in ABI order ---===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "runtime/quantization/CacheFormat.h"

using namespace mlir;
using namespace qopt::kernel;
using llvm::SmallVector;

namespace {

using Kind = Argument::Kind;

/// Collects an op's arguments in the order in which its documentation lists them.
class ArgumentList {
public:
  /// An absent optional operand or result is no argument.
  void add(Value value) {
    if (value)
      arguments.push_back({Kind::Value, value, {}});
  }
  void add(ValueRange values) {
    for (Value value : values)
      add(value);
  }
  void add(Kind kind) { arguments.push_back({kind, {}, {}}); }
  /// The pools, and what there is beside them for the newest tokens.
  void addPoolsAndWindows(Operation *op, FlatSymbolRefAttr symbol) {
    arguments.push_back({Kind::KeyCache, {}, symbol});
    arguments.push_back({Kind::ValueCache, {}, symbol});
    auto cache = SymbolTable::lookupNearestSymbolFrom<qopt::llm::CacheOp>(op, symbol);
    if (!cache)
      return;
    auto hasWindow = [](StringRef format) {
      return qopt::parseCacheFormat(std::string_view(format)).residual != 0;
    };
    bool hasKeys = hasWindow(cache.getK()), hasValues = hasWindow(cache.getV());
    if (hasKeys)
      arguments.push_back({Kind::KeyWindow, {}, symbol});
    if (hasValues)
      arguments.push_back({Kind::ValueWindow, {}, symbol});
    if (hasKeys || hasValues)
      add(Kind::Slots);
  }

  SmallVector<Argument> take() { return std::move(arguments); }

private:
  SmallVector<Argument> arguments;
};

} // namespace

SmallVector<Argument> GatherOp::getKernelArguments() {
  ArgumentList list;
  list.add(getTable());
  list.add(getTableParameters());
  if (getIndices())
    list.add(getIndices());
  else
    list.add(Kind::TokenPos);
  list.add(getResult());
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> NormOp::getKernelArguments() {
  ArgumentList list;
  list.add(getX());
  list.add(getResidual());
  list.add(getWeight());
  list.add(getBias());
  list.add(getScale());
  list.add(getSum());
  list.add(getResult());
  list.add(getScales());
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> MatmulOp::getKernelArguments() {
  ArgumentList list;
  list.add(getX());
  list.add(getXScales());
  list.add(getWeight());
  list.add(getWeightParameters());
  list.add(getExtras());
  list.add(getResult());
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> MapOp::getKernelArguments() {
  ArgumentList list;
  list.add(getInputs());
  list.add(getResult());
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> QuantizeOp::getKernelArguments() {
  ArgumentList list;
  list.add(getInputs());
  list.add(getScale());
  list.add(getResult());
  list.add(getScales());
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> RopeAppendOp::getKernelArguments() {
  ArgumentList list;
  list.add(getQ());
  list.add(getK());
  list.add(getV());
  list.add(getQNorm());
  list.add(getKNorm());
  list.add(getResult());
  list.addPoolsAndWindows(*this, getCacheAttr());
  if (getRope())
    list.add(Kind::RopeTable);
  list.add(Kind::TokenSeq);
  list.add(Kind::TokenPos);
  list.add(Kind::PageTable);
  list.add(Kind::MaxPages);
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> AppendAttentionOp::getKernelArguments() {
  ArgumentList list;
  list.add(getQ());
  list.add(getK());
  list.add(getV());
  list.add(getQNorm());
  list.add(getKNorm());
  list.add(getKeyBias());
  list.add(getResult());
  list.add(getPartials());
  list.addPoolsAndWindows(*this, getCacheAttr());
  if (getRope())
    list.add(Kind::RopeTable);
  list.add(Kind::TokenSeq);
  list.add(Kind::TokenPos);
  list.add(Kind::PageTable);
  list.add(Kind::MaxPages);
  if (getPartials())
    list.add(Kind::Counters);
  list.add(Kind::Rows);
  return list.take();
}

SmallVector<Argument> AttentionOp::getKernelArguments() {
  ArgumentList list;
  list.add(getQ());
  list.add(getKeyBias());
  list.add(getResult());
  list.addPoolsAndWindows(*this, getCacheAttr());
  if (getRope())
    list.add(Kind::RopeTable);
  list.add(Kind::SeqStart);
  list.add(Kind::Past);
  list.add(Kind::TokenSeq);
  list.add(Kind::TokenPos);
  list.add(Kind::PageTable);
  list.add(Kind::MaxPages);
  list.add(Kind::Rows);
  list.add(Kind::Sequences);
  return list.take();
}

SmallVector<Argument> ScoreOp::getKernelArguments() {
  ArgumentList list;
  list.add(getLogits());
  list.add(getTargets());
  list.add(getResult());
  list.add(getPartials());
  list.add(Kind::NextIds);
  if (getPartials())
    list.add(Kind::Counters);
  list.add(Kind::Rows);
  return list.take();
}
