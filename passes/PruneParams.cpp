//===- PruneParams.cpp - removal of unread parameters ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "passes/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_PRUNEPARAMS
#include "passes/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

struct PruneParamsPass : qopt::impl::PruneParamsBase<PruneParamsPass> {
  void runOnOperation() override;
};

} // namespace

using NameSet = llvm::DenseSet<StringAttr>;

/// Adds the symbols that are used in `op`.
static void collectUses(Operation *op, NameSet &names) {
  if (auto uses = SymbolTable::getSymbolUses(op))
    for (SymbolTable::SymbolUse use : *uses)
      names.insert(use.getSymbolRef().getRootReference());
}

/// Erases what computes parameters that neither `read` nor what is left of `@load` has, and `@load`
/// if nothing is left: then the result is null.
static func::FuncOp pruneLoad(func::FuncOp load, NameSet read) {
  // From the end, so that an op is seen after its users, and a set after the reads that follow it.
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(load.front()))) {
    auto set = dyn_cast<llm::SetOp>(op);
    if (set ? !read.contains(set.getParamAttr().getAttr()) : isOpTriviallyDead(&op))
      op.erase();
    else if (auto get = dyn_cast<llm::GetOp>(op))
      read.insert(get.getParamAttr().getAttr());
  }
  if (!llvm::hasSingleElement(load.front()))
    return load;
  load.erase();
  return {};
}

void PruneParamsPass::runOnOperation() {
  auto load = getOperation().lookupSymbol<func::FuncOp>("load");
  NameSet read;
  for (Operation &op : *getOperation().getBody())
    if (&op != load)
      collectUses(&op, read);
  if (load)
    load = pruneLoad(load, read);
  if (load)
    collectUses(load, read);
  for (auto param : llvm::make_early_inc_range(getOperation().getOps<llm::ParamOp>()))
    if (!read.contains(param.getSymNameAttr())) {
      param.erase();
      ++numPruned;
    }
}
