//===- NameKernels.cpp - identical launches get one name ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/KernelName.h"
#include "lowering/kernels/Passes.h"
#include "llvm/ADT/StringMap.h"

namespace qopt {
#define GEN_PASS_DEF_NAMEKERNELS
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

namespace {

/// The names of one target's kernels.
class KernelNames {
public:
  /// Known kernels keep their name; a new one that says the same as another gets a number.
  StringRef nameOf(LaunchOpInterface op, llm::CacheOp cache) {
    std::string &name = nameByKey[kernelKey(op, cache)];
    if (name.empty()) {
      std::string base = kernelName(op, cache);
      unsigned &uses = usesOfBase[base];
      name = uses == 0 ? base : base + "_v" + std::to_string(uses + 1);
      ++uses;
    }
    return name;
  }

  size_t size() const { return nameByKey.size(); }

private:
  llvm::StringMap<std::string> nameByKey;
  llvm::StringMap<unsigned> usesOfBase;
};

class NameKernelsPass : public qopt::impl::NameKernelsBase<NameKernelsPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    llvm::StringMap<KernelNames> namesByTarget;
    bool failed = false;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (!isKernelFunction(function))
        continue;
      auto target = function->getAttrOfType<StringAttr>(kTargetAttr);
      for (Operation &op : function.front()) {
        if (auto launch = dyn_cast<LaunchOpInterface>(op)) {
          name(launch, symbols, namesByTarget[target]);
        } else if (!isa<llm::GetOp, ObserveOp, func::ReturnOp>(op)) {
          op.emitOpError() << "has no kernel for target '" << target.getValue() << "'";
          failed = true;
        }
      }
    }
    for (const auto &entry : namesByTarget)
      numKernels += entry.second.size();
    if (failed)
      signalPassFailure();
  }

  void name(LaunchOpInterface op, SymbolTable &symbols, KernelNames &names) {
    auto symbol = op->getAttrOfType<FlatSymbolRefAttr>("cache");
    auto cache = symbol ? symbols.lookup<llm::CacheOp>(symbol.getAttr()) : llm::CacheOp();
    op.setKernelAttr(StringAttr::get(&getContext(), names.nameOf(op, cache)));
    ++numLaunches;
  }
};

} // namespace
