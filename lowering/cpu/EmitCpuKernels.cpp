//===- EmitCpuKernels.cpp - the code of CPU kernels -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/KernelEmitters.h"
#include "lowering/cpu/LayerNumbers.h"
#include "lowering/cpu/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qopt {
#define GEN_PASS_DEF_EMITCPUKERNELS
#include "lowering/cpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

namespace {

class EmitCpuKernels : public qopt::impl::EmitCpuKernelsBase<EmitCpuKernels> {
public:
  using EmitCpuKernelsBase::EmitCpuKernelsBase;

  void runOnOperation() override;

private:
  LogicalResult emit(kernel::LaunchOpInterface op, EmittedModule &target);
  LogicalResult emitShared(kernel::LaunchOpInterface op, const CacheGeometry &cache,
                           StringRef cacheName, EmittedModule &target);

  llvm::StringMap<func::FuncOp> sharedCode; ///< by sharedCodeKey
};

} // namespace

/// CPU kernels compute in f32: narrower activations are for GPUs, narrower weights are widened.
static LogicalResult verifyTypes(kernel::LaunchOpInterface op) {
  auto matmul = dyn_cast<kernel::MatmulOp>(*op);
  auto gather = dyn_cast<kernel::GatherOp>(*op);
  SmallVector<Value> codes; // and their scales, which may be bytes, too
  if (matmul && matmul.getWeightSchemeAttr()) {
    codes.push_back(matmul.getWeight());
    llvm::append_range(codes, matmul.getWeightParameters());
  }
  if (gather && gather.getTableSchemeAttr()) {
    codes.push_back(gather.getTable());
    llvm::append_range(codes, gather.getTableParameters());
  }
  for (Value value : llvm::concat<Value>(op->getOperands(), op->getResults())) {
    Type type = getElementTypeOrSelf(value.getType());
    if (llvm::is_contained(codes, value))
      continue;
    if (value.getDefiningOp<llm::GetOp>()) {
      if (!type.isF32() && !type.isBF16() && !type.isF16())
        return op->emitOpError() << "has no CPU code for weights " << value.getType()
                                 << "; f32, bf16 and f16 have";
    } else if (!type.isF32() && !type.isInteger(32) && !type.isInteger(8)) {
      return op->emitOpError() << "has no CPU code for " << value.getType()
                               << "; activations are f32 or int8 codes on CPUs";
    }
  }
  return success();
}

static LogicalResult emitBody(kernel::LaunchOpInterface op, KernelBody &body) {
  return TypeSwitch<Operation *, LogicalResult>(op)
      .Case<kernel::GatherOp, kernel::NormOp, kernel::MatmulOp, kernel::MapOp, kernel::QuantizeOp,
            kernel::RopeAppendOp, kernel::AttentionOp>(
          [&](auto typed) { return emitKernel(typed, body); })
      .Default([](Operation *other) { return other->emitOpError("has no CPU code"); });
}

LogicalResult EmitCpuKernels::emitShared(kernel::LaunchOpInterface op, const CacheGeometry &cache,
                                         StringRef cacheName, EmittedModule &target) {
  func::FuncOp &code = sharedCode[sharedCodeKey(op, cache)];
  if (!code) {
    auto body =
        KernelBody::shared(target, (op.getKernelAttr().getValue() + ".code").str(), op->getLoc());
    if (failed(emitBody(op, body)))
      return failure();
    code = body.function;
  }
  addCaller(target, op, code, cache, cacheName);
  return success();
}

LogicalResult EmitCpuKernels::emit(kernel::LaunchOpInterface op, EmittedModule &target) {
  if (failed(verifyTypes(op)))
    return failure();
  if (auto symbol = op->getAttrOfType<FlatSymbolRefAttr>("cache")) {
    FailureOr<CacheGeometry> cache = CacheGeometry::get(op, symbol);
    if (failed(cache))
      return failure();
    if (hasLayerNumbers(*cache))
      return emitShared(op, *cache, symbol.getValue(), target);
  }
  KernelBody body(target, op.getKernelAttr(), op->getLoc());
  return emitBody(op, body);
}

void EmitCpuKernels::runOnOperation() {
  sharedCode.clear();
  std::optional<CpuLevel> parsed = parseCpuLevel(level);
  if (!parsed) {
    emitError(getOperation().getLoc())
        << "level must be avx512, avx2, or host on a machine that has one of them, not '"
        << level.getValue() << "'";
    return signalPassFailure();
  }
  StringRef name = traitsOf(*parsed).moduleName;
  if (getOperation().lookupSymbol(name))
    return; // emitted by an earlier run
  auto builder = OpBuilder::atBlockEnd(getOperation().getBody());
  EmittedModule target = {ModuleOp::create(builder, getOperation().getLoc(), name), *parsed};
  llvm::StringSet<> emitted;
  for (auto function : getOperation().getOps<func::FuncOp>()) {
    auto attribute = function->getAttrOfType<StringAttr>(kernel::kTargetAttr);
    if (!attribute || attribute != "cpu")
      continue;
    WalkResult result = function.walk([&](kernel::LaunchOpInterface op) {
      if (!op.getKernelAttr()) {
        op->emitOpError("has no kernel name; run name-kernels first");
        return WalkResult::interrupt();
      }
      if (!emitted.insert(op.getKernelAttr()).second)
        return WalkResult::advance();
      ++numKernels;
      return failed(emit(op, target)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
  }
  // Constants are built where they are used: what is left is one of each.
  OpPassManager cleanup(ModuleOp::getOperationName());
  cleanup.addPass(createCanonicalizerPass());
  cleanup.addPass(createCSEPass());
  if (failed(runPipeline(cleanup, target.module)))
    signalPassFailure();
}
