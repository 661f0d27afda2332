//===- AddScore.cpp - a function that reduces logits ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "lowering/gpu/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_ADDSCORE
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static constexpr llvm::StringLiteral kFunctionName = "score.ptx";

namespace {

struct AddScore : qopt::impl::AddScoreBase<AddScore> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto head = module.lookupSymbol<func::FuncOp>("prefill_head.ptx");
    if (!head || module.lookupSymbol(kFunctionName))
      return;
    auto logits = head.getNumResults() == 1 ? dyn_cast<RankedTensorType>(head.getResultTypes()[0])
                                            : RankedTensorType();
    if (!logits || logits.getRank() != 2 || logits.isDynamicDim(1) ||
        !logits.getElementType().isF32()) {
      head.emitOpError("must return logits, rows of f32, to be scored");
      return signalPassFailure();
    }
    addAfter(head, logits);
  }

private:
  void addAfter(func::FuncOp head, RankedTensorType logits) {
    auto builder =
        ImplicitLocOpBuilder(NameLoc::get(StringAttr::get(&getContext(), "score")), &getContext());
    builder.setInsertionPointAfter(head);
    int64_t rows = logits.getDimSize(0), parts = ScoreOp::getParts(logits.getDimSize(1));
    auto rowsOf = [&](int64_t columns) {
      return RankedTensorType::get({rows, columns}, builder.getF32Type());
    };
    auto targets = RankedTensorType::get({rows}, builder.getI32Type());
    RankedTensorType result = rowsOf(ScoreOp::kColumns);
    auto function = func::FuncOp::create(
        builder, kFunctionName, builder.getFunctionType({logits, targets}, ArrayRef<Type>{result}));
    function->setAttr(kTargetAttr, builder.getStringAttr("ptx"));
    function.setArgAttr(0, kInputAttr, builder.getStringAttr("logits"));
    function.setArgAttr(1, kInputAttr, builder.getStringAttr("targets"));
    builder.setInsertionPointToStart(function.addEntryBlock());
    auto score =
        ScoreOp::create(builder, result, parts > 1 ? rowsOf(parts * ScoreOp::kPartColumns) : Type(),
                        function.getArgument(0), function.getArgument(1), DictionaryAttr(),
                        LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
    func::ReturnOp::create(builder, score.getResult());
  }
};

} // namespace
