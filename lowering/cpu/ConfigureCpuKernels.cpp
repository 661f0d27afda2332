//===- ConfigureCpuKernels.cpp - tile sizes and grids ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/AttentionGeometry.h"
#include "lowering/cpu/IntegerGeometry.h"
#include "lowering/cpu/MatmulGeometry.h"
#include "lowering/cpu/Passes.h"
#include "lowering/cpu/QuantizeLaunch.h"
#include "lowering/cpu/RopeAppendLaunch.h"
#include "lowering/cpu/Tuning.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace qopt {
#define GEN_PASS_DEF_CONFIGURECPUKERNELS
#include "lowering/cpu/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

static AttentionConfig chooseConfig(kernel::AttentionOp op, const CacheGeometry &cache) {
  // All heads of a KV head share what they read; two items at least keep two cores busy.
  AttentionConfig config;
  int64_t heads = op.getHeads() / cache.kvHeads();
  config.heads = cache.kvHeads() == 1 && heads % 2 == 0 ? heads / 2 : heads;
  // About 128 queries for each time that keys and values are read.
  config.rows = llvm::bit_floor(uint64_t(std::clamp<int64_t>(128 / config.heads, 1, 64)));
  return config;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

class ConfigureCpuKernels : public qopt::impl::ConfigureCpuKernelsBase<ConfigureCpuKernels> {
public:
  using ConfigureCpuKernelsBase::ConfigureCpuKernelsBase;

  void runOnOperation() override;

private:
  LogicalResult configure(kernel::LaunchOpInterface op);
  template <typename Config> LogicalResult adjust(Config &config, kernel::LaunchOpInterface op);

  SmallVector<TuningRule> rules;
};

} // namespace

/// Applies what the op already has and what the rules say, and stores the outcome.
template <typename Config>
LogicalResult ConfigureCpuKernels::adjust(Config &config, kernel::LaunchOpInterface op) {
  if (op.getConfigAttr() && failed(updateConfig(config, op.getConfigAttr(), op)))
    return failure();
  bool tuned = false;
  for (const TuningRule &rule : rules) {
    if (!rule.fits(op, staticRowsOf(op->getResult(0))))
      continue;
    if (failed(updateConfig(config, rule.config, op)))
      return failure();
    tuned = true;
  }
  numTuned += tuned;
  op.setConfigAttr(toAttribute(config, op.getContext()));
  return success();
}

LogicalResult ConfigureCpuKernels::configure(kernel::LaunchOpInterface op) {
  MLIRContext *context = op.getContext();
  if (auto matmul = dyn_cast<kernel::MatmulOp>(*op)) {
    MatmulConfig config;
    if (failed(adjust(config, op)))
      return failure();
    if (!matmul.getXScheme()) {
      op.setLaunchAttr(MatmulGeometry(matmul, config).launch(context));
      return success();
    }
    FailureOr<IntegerGeometry> geometry = IntegerGeometry::get(matmul, config);
    if (failed(geometry))
      return failure();
    op.setLaunchAttr(geometry->launch(context));
    return success();
  }
  if (auto attention = dyn_cast<kernel::AttentionOp>(*op)) {
    FailureOr<CacheGeometry> cache = CacheGeometry::get(op, attention.getCacheAttr());
    if (failed(cache))
      return failure();
    AttentionConfig config = chooseConfig(attention, *cache);
    if (failed(adjust(config, op)))
      return failure();
    FailureOr<AttentionGeometry> geometry = AttentionGeometry::get(attention, config);
    if (failed(geometry))
      return failure();
    op.setLaunchAttr(geometry->launch(context));
    return success();
  }
  RowConfig config;
  if (failed(adjust(config, op)))
    return failure();
  SmallVector<AffineExpr> grid = {rowBlocks(context, staticRowsOf(op->getResult(0)), config.rows)};
  if (auto rope = dyn_cast<kernel::RopeAppendOp>(*op)) {
    FailureOr<CacheGeometry> cache = CacheGeometry::get(op, rope.getCacheAttr());
    if (failed(cache))
      return failure();
    if (cache->hasWindow()) // An item has all rows.
      grid.clear();
    grid.insert(grid.begin(), getAffineConstantExpr(cache->kvHeads(), context));
    op.setLaunchAttr(launchOver(context, grid, ropeAppendScratchBytes(*cache)));
    return success();
  }
  int64_t scratch = 0;
  if (auto quantize = dyn_cast<kernel::QuantizeOp>(*op)) {
    scratch = quantizeScratchBytes(quantize);
    if (isQuantizedTogether(quantize))
      grid = {getAffineConstantExpr(1, context)};
  } else if (auto norm = dyn_cast<kernel::NormOp>(*op); norm && norm.getResultScheme()) {
    // The row before it is quantized.
    scratch = rowStride(cast<RankedTensorType>(norm.getX().getType()).getDimSize(1)) *
              int64_t(sizeof(float));
  }
  op.setLaunchAttr(launchOver(context, grid, scratch));
  return success();
}

void ConfigureCpuKernels::runOnOperation() {
  ModuleOp module = getOperation();
  rules.clear();
  if (!tuning.empty()) {
    FailureOr<SmallVector<TuningRule>> read = readTuning(tuning, module.getLoc());
    if (failed(read))
      return signalPassFailure();
    rules = std::move(*read);
  }
  for (auto function : module.getOps<func::FuncOp>()) {
    auto target = function->getAttrOfType<StringAttr>(kernel::kTargetAttr);
    if (!target || target != "cpu")
      continue;
    WalkResult result = function.walk([&](kernel::LaunchOpInterface op) {
      ++numConfigured;
      return failed(configure(op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
  }
}
