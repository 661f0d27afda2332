//===- EmitPtxKernels.cpp - a gpu.module of every distinct kernel ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/KernelConfig.h"
#include "lowering/gpu/Passes.h"
#include "lowering/gpu/PtxBuilder.h"
#include "lowering/gpu/PtxFeatures.h"
#include "lowering/kernels/PtxObstacle.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qopt {
#define GEN_PASS_DEF_EMITPTXKERNELS
#include "lowering/gpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;

/// The chip that alone has warpgroup products.
static constexpr llvm::StringLiteral kWarpgroupChip = "sm_90a";

/// The first generation that multiplies fp8.
static constexpr unsigned kFp8Generation = 89;

/// Says on the module what products of fp8 with fp8 are computed in.
static void recordFp8Products(kernel::MatmulOp op, gpu::GPUModuleOp module, StringRef type) {
  if (!op.getXScales() || CodeBlocks(op).isInteger || module->hasAttr(kFp8Products))
    return;
  module->setAttr(kFp8Products, StringAttr::get(op.getContext(), type));
  if (type != "fp8")
    emitRemark(op.getLoc()) << "products of fp8 are computed in " << type << " by "
                            << module.getName() << "; sm_89 and later have them in fp8";
}

static LogicalResult emitProduct(kernel::MatmulOp op, gpu::GPUModuleOp module, StringRef chip) {
  StringAttr algorithm = readAlgorithm(op);
  if (!algorithm)
    return failure();
  unsigned generation = findChip(chip, op.getLoc())->generation;
  if (algorithm == MatvecConfig::algorithm)
    return emitMatvec(op, module, generation >= kOverlapGeneration);
  if (chip == kWarpgroupChip)
    if (std::optional<WarpgroupConfig> config = WarpgroupConfig::choose(op)) {
      recordFp8Products(op, module, "fp8");
      return emitWarpgroupMatmul(op, *config, module);
    }
  bool hasFp8Products = generation >= kFp8Generation;
  recordFp8Products(op, module, hasFp8Products ? "fp8" : "f16");
  return emitMatmul(op, module, hasFp8Products);
}

static LogicalResult emitKernel(Operation *op, gpu::GPUModuleOp module, StringRef chip) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](kernel::GatherOp op) { return emitGather(op, module); })
      .Case([&](kernel::NormOp op) { return emitNorm(op, module); })
      .Case([&](kernel::MapOp op) { return emitMap(op, module); })
      .Case([&](kernel::QuantizeOp op) { return emitQuantize(op, module); })
      .Case([&](kernel::RopeAppendOp op) { return emitRopeAppend(op, module); })
      .Case([&](kernel::MatmulOp op) { return emitProduct(op, module, chip); })
      .Case([&](kernel::AttentionOp op) { return emitPrefillAttention(op, module); })
      .Case([&](kernel::AppendAttentionOp op) { return emitDecodeAttention(op, module); })
      .Case([&](kernel::ScoreOp op) { return emitScore(op, module); })
      .Default([](Operation *op) { return op->emitOpError("has no kernel on ptx"); });
}

/// Tensor cores take bf16, and so their operands are stored; weights of any float type are uploaded
/// as bf16, codes as they are.
static LogicalResult checkOperandTypes(Operation *op) {
  auto elementOf = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getElementType();
  };
  auto checkBf16 = [&](StringRef name, Value value) -> LogicalResult {
    if (elementOf(value).isBF16())
      return success();
    return op->emitOpError() << "reads " << name << " as bf16 on ptx, not " << value.getType();
  };
  auto checkObstacle = [&](StringRef name, const std::string &obstacle) -> LogicalResult {
    if (obstacle.empty())
      return success();
    return op->emitOpError() << name << ": " << obstacle;
  };
  auto checkWeight = [&](StringRef name, Value value, q::SchemeAttr scheme) -> LogicalResult {
    if (scheme && failed(checkObstacle(name, kernel::ptxObstacle(scheme))))
      return failure();
    if (scheme || isa<FloatType>(elementOf(value)))
      return success();
    return op->emitOpError() << "has no kernel on ptx for a " << name << " of " << elementOf(value);
  };
  return llvm::TypeSwitch<Operation *, LogicalResult>(op)
      .Case([&](kernel::MatmulOp op) {
        if (op.getXScales())
          return checkObstacle("x", kernel::ptxProductObstacle(
                                        *op.getWeightScheme(), *op.getXScheme(),
                                        cast<RankedTensorType>(op.getX().getType()).getDimSize(1)));
        return success(succeeded(checkBf16("x", op.getX())) &&
                       succeeded(checkWeight("weight", op.getWeight(), op.getWeightSchemeAttr())));
      })
      .Case([&](kernel::QuantizeOp op) {
        return checkObstacle("result",
                             kernel::ptxQuantizeObstacle(op.getScheme(), bool(op.getScale())));
      })
      .Case([&](kernel::NormOp op) -> LogicalResult {
        if (!op.getResultScheme())
          return success();
        return checkObstacle(
            "result", kernel::ptxQuantizeObstacle(*op.getResultScheme(), bool(op.getScale())));
      })
      .Case([&](kernel::AttentionOp op) { return checkBf16("q", op.getQ()); })
      .Case([&](kernel::GatherOp op) {
        return checkWeight("table", op.getTable(), op.getTableSchemeAttr());
      })
      .Default(success());
}

/// Declares the dynamic shared memory that all kernels use. Swizzled tiles of asynchronous copies
/// start on 1024 bytes.
static void declareSharedMemory(gpu::GPUModuleOp module, StringRef chip) {
  auto builder = ImplicitLocOpBuilder::atBlockBegin(module.getLoc(), module.getBody());
  LLVM::GlobalOp::create(builder, LLVM::LLVMArrayType::get(builder.getI8Type(), 0),
                         /*isConstant=*/false, LLVM::Linkage::External, kSharedMemorySymbol,
                         /*value=*/Attribute(), /*alignment=*/chip == kWarpgroupChip ? 1024 : 128,
                         /*addrSpace=*/3);
}

namespace {

struct EmitPtxKernels : qopt::impl::EmitPtxKernelsBase<EmitPtxKernels> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp root = getOperation();
    if (!findChip(chip, root.getLoc()))
      return signalPassFailure();
    std::string name = "ptx_" + chip;
    if (root.lookupSymbol(name))
      return; // emitted by an earlier run
    auto builder = ImplicitLocOpBuilder::atBlockEnd(root.getLoc(), root.getBody());
    auto module = gpu::GPUModuleOp::create(builder, name);
    declareSharedMemory(module, chip);
    names.clear();
    for (auto function : root.getOps<func::FuncOp>()) {
      auto target = function->getAttrOfType<StringAttr>(kernel::kTargetAttr);
      if (!target || target != "ptx")
        continue;
      WalkResult result = function.walk([&](kernel::LaunchOpInterface op) {
        return failed(emitOnce(op, module)) ? WalkResult::interrupt() : WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }

private:
  LogicalResult emitOnce(kernel::LaunchOpInterface op, gpu::GPUModuleOp module) {
    if (!op.getKernelAttr())
      return op->emitOpError("has no kernel name; name-kernels gives it one");
    if (!op.getLaunchAttr())
      return op->emitOpError("has no launch; configure-ptx-kernels gives it one");
    if (!names.insert(op.getKernelAttr().getValue()).second)
      return success();
    ++numKernels;
    if (failed(checkOperandTypes(op)))
      return failure();
    return emitKernel(op, module, chip);
  }

  llvm::StringSet<> names;
};

} // namespace
