//===- AssemblePtx.cpp - machine code beside PTX --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

namespace qopt {
#define GEN_PASS_DEF_ASSEMBLEPTX
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

struct AssemblePtx : qopt::impl::AssemblePtxBase<AssemblePtx> {
  using Base::Base;

  void runOnOperation() override {
    bool isOptional = ptxas == "auto";
    std::string name = isOptional ? "ptxas" : ptxas.getValue();
    // A name with a slash is taken as it is.
    llvm::ErrorOr<std::string> program = llvm::sys::findProgramByName(name);
    bool isThere = program && llvm::sys::fs::can_execute(*program);
    Location loc = getOperation().getLoc();
    if (!isThere && isOptional) {
      emitWarning(loc) << "there is no ptxas on the PATH: no machine code beside PTX";
      return;
    }
    if (!isThere) {
      emitError(loc) << "assemble-ptx: there is no program '" << name
                     << "'; ptxas=off leaves machine code to the driver";
      return signalPassFailure();
    }
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>())
      if (module.getName().starts_with("ptx_"))
        module->setAttr(ptx::kAssembler, StringAttr::get(&getContext(), *program));
  }
};

} // namespace
