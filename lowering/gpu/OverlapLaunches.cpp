//===- OverlapLaunches.cpp - kernels that begin before others end ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where a kernel says at its beginning that its dependents may be launched, their blocks come to
// the multiprocessors as soon as its own last ones run: what it costs to launch them is hidden, and
// so are their index computations and first loads of weights. They wait before they touch anything
// that another kernel may write. Every thread waits, as it is the end of a whole kernel, that of
// the kernels before it included, which the next one waits for.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Passes.h"
#include "lowering/gpu/PtxFeatures.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace qopt {
#define GEN_PASS_DEF_OVERLAPLAUNCHES
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

static constexpr unsigned kSharedSpace = 3;
static constexpr unsigned kSharedClusterSpace = 7;

namespace {

/// One kernel.
class Overlap {
public:
  explicit Overlap(gpu::GPUFuncOp function) : function(function) {
    if (auto indices = function->getAttrOfType<DenseI64ArrayAttr>(kWeightArguments))
      for (int64_t index : indices.asArrayRef())
        weights.insert(function.getArgument(unsigned(index)));
  }

  void apply() {
    keepLoadsInOrder();
    Block &entry = function.getBody().front();
    auto builder = ImplicitLocOpBuilder::atBlockBegin(function.getLoc(), &entry);
    NVVM::GriddepcontrolOp::create(builder, NVVM::GridDepActionKind::launch_dependents);
    builder.setInsertionPoint(firstToTouch(entry));
    // LLVM's intrinsic is said not to concern memory, so that loads might move over it.
    LLVM::InlineAsmOp::create(builder, /*resultTypes=*/TypeRange(), /*operands=*/ValueRange(),
                              "griddepcontrol.wait;", "~{memory}", /*has_side_effects=*/true,
                              /*is_align_stack=*/false, LLVM::TailCallKind::None,
                              /*asm_dialect=*/LLVM::AsmDialectAttr(),
                              /*operand_attrs=*/ArrayAttr());
  }

private:
  bool isWeight(Value pointer) const {
    while (Operation *op = pointer.getDefiningOp()) {
      if (!isa<LLVM::GEPOp, LLVM::AddrSpaceCastOp>(op))
        return false;
      pointer = op->getOperand(0);
    }
    return weights.contains(pointer);
  }

  /// Activations and inputs change while the kernel is there already: they are no more read-only,
  /// and their loads stay behind the wait.
  void keepLoadsInOrder() {
    for (BlockArgument argument : function.getArguments())
      if (!weights.contains(argument))
        for (StringRef name :
             {LLVM::LLVMDialect::getNoAliasAttrName(), LLVM::LLVMDialect::getReadonlyAttrName()})
          function.removeArgAttr(argument.getArgNumber(), name);
    function.walk([&](LLVM::LoadOp load) {
      if (!isWeight(load.getAddr()))
        load.setInvariant(false);
    });
  }

  /// Whether an op itself may touch what other kernels write: global memory but for weights, which
  /// are only read.
  bool touchesOthers(Operation *op) const {
    if (isMemoryEffectFree(op))
      return false;
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      auto pointer = dyn_cast<LLVM::LLVMPointerType>(operand.getType());
      if (!pointer || pointer.getAddressSpace() == kSharedSpace ||
          pointer.getAddressSpace() == kSharedClusterSpace)
        return false;
      return !isa<LLVM::LoadOp, NVVM::CpAsyncOp, NVVM::CpAsyncBulkPrefetchOp>(op) ||
             !isWeight(operand);
    });
  }

  /// The first op of the kernel's outermost block, where all threads come by, that touches such
  /// memory; its end where there is none.
  Operation *firstToTouch(Block &entry) const {
    for (Operation &op : entry) {
      WalkResult result = op.walk([&](Operation *inner) {
        return touchesOthers(inner) ? WalkResult::interrupt() : WalkResult::advance();
      });
      if (result.wasInterrupted())
        return &op;
    }
    return entry.getTerminator();
  }

  gpu::GPUFuncOp function;
  llvm::SmallPtrSet<Value, 4> weights;
};

struct OverlapLaunches : qopt::impl::OverlapLaunchesBase<OverlapLaunches> {
  using Base::Base;

  void runOnOperation() override {
    for (auto module : getOperation().getOps<gpu::GPUModuleOp>()) {
      StringRef name = module.getName();
      if (!name.consume_front("ptx_") || module->hasAttr(kProgrammaticLaunch))
        continue;
      const Chip *chip = findChip(name, module.getLoc());
      if (!chip)
        return signalPassFailure();
      if (chip->generation < kOverlapGeneration)
        continue;
      for (auto function : module.getOps<gpu::GPUFuncOp>()) {
        Overlap(function).apply();
        ++numKernels;
      }
      module->setAttr(kProgrammaticLaunch, UnitAttr::get(&getContext()));
    }
  }
};

} // namespace
