//===- Specialize.cpp - prefill and decode forms of a model ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_SPECIALIZE
#include "passes/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// A function and what it becomes.
struct Specialization {
  StringRef function, prefill, decode;
};

constexpr Specialization specializations[] = {{"forward", "prefill", "decode"},
                                              {"head", "prefill_head", "decode_head"}};

struct SpecializePass : qopt::impl::SpecializeBase<SpecializePass> {
  void runOnOperation() override {
    for (const Specialization &names : specializations)
      if (failed(specialize(names)))
        return signalPassFailure();
  }

  LogicalResult specialize(const Specialization &names);
};

} // namespace

/// One row where there could be any number.
static Type withOneRow(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.isDynamicDim(0))
    return type;
  SmallVector<int64_t> shape(tensor.getShape());
  shape[0] = 1;
  return RankedTensorType::get(shape, tensor.getElementType());
}

static void fixRowsToOne(func::FuncOp function) {
  function.walk([](Operation *op) {
    for (Value result : op->getResults())
      result.setType(withOneRow(result.getType()));
  });
  for (BlockArgument argument : function.getArguments())
    argument.setType(withOneRow(argument.getType()));
  auto types = [](TypeRange range) { return llvm::map_to_vector(range, withOneRow); };
  function.setType(FunctionType::get(function.getContext(), types(function.getArgumentTypes()),
                                     types(function.getResultTypes())));
}

LogicalResult SpecializePass::specialize(const Specialization &names) {
  SymbolTable symbols(getOperation());
  auto function = symbols.lookup<func::FuncOp>(names.function);
  if (!function)
    return success();
  for (StringRef name : {names.prefill, names.decode})
    if (Operation *existing = symbols.lookup(name)) {
      auto diagnostic = function.emitError() << "cannot become @" << name << ": there is one";
      diagnostic.attachNote(existing->getLoc()) << "here";
      return diagnostic;
    }
  auto decode = cast<func::FuncOp>(function->clone());
  decode.setSymName(names.decode);
  function->getBlock()->getOperations().insertAfter(function->getIterator(), decode);
  function.setSymName(names.prefill);
  fixRowsToOne(decode);
  ++numSpecialized;
  return success();
}
