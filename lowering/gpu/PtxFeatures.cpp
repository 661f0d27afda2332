//===- PtxFeatures.cpp - which chip runs what -----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PtxFeatures.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qopt::ptx;

static constexpr Chip kChips[] = {
    {"sm_80", 80, 70},   {"sm_86", 86, 71},    {"sm_87", 87, 74},   {"sm_89", 89, 78},
    {"sm_90", 90, 78},   {"sm_90a", 90, 80},   {"sm_100", 100, 86}, {"sm_100a", 100, 86},
    {"sm_103", 103, 88}, {"sm_103a", 103, 88}, {"sm_120", 120, 87}, {"sm_120a", 120, 87},
};

const Chip *qopt::ptx::findChip(StringRef name, Location loc) {
  for (const Chip &chip : kChips)
    if (chip.name == name)
      return &chip;
  std::string known =
      llvm::join(llvm::map_range(kChips, [](const Chip &chip) { return chip.name; }), ", ");
  emitError(loc) << "cannot compile kernels for chip '" << name << "'; known are " << known;
  return nullptr;
}

namespace {
/// What an instruction needs.
struct Feature {
  StringRef name;
  unsigned generation, ptxVersion;
  StringRef onlyChip = {}; ///< the one that has it, where later ones lack it
};
} // namespace

/// NVVM ops and intrinsics that the emitters use. Names ending in a dot stand for all that begin
/// so.
static constexpr Feature kFeatures[] = {
    {"nvvm.read.ptx.sreg.tid.", 0, 10},
    {"nvvm.read.ptx.sreg.ctaid.", 0, 10},
    {"nvvm.read.ptx.sreg.ntid.", 0, 10},
    {"nvvm.read.ptx.sreg.nctaid.", 0, 10},
    {"nvvm.barrier", 0, 10},
    {"nvvm.barrier0", 0, 10},
    {"nvvm.bar.warp.sync", 30, 60},
    {"nvvm.prmt", 0, 20},
    {"nvvm.shfl.sync", 30, 60},
    {"nvvm.ldmatrix", 75, 65},
    {"nvvm.mma.sync", 80, 70},
    {"nvvm.cp.async.shared.global", 80, 70},
    {"nvvm.cp.async.commit.group", 80, 70},
    {"nvvm.cp.async.wait.group", 80, 70},
    {"nvvm.mbarrier.", 90, 80},
    {"nvvm.fence.proxy", 90, 80},
    {"nvvm.cp.async.bulk.prefetch", 90, 80},
    {"nvvm.cp.async.bulk.tensor.shared.cluster.global", 90, 80},
    {"nvvm.wgmma.", 90, 80, "sm_90a"},
    {"nvvm.griddepcontrol", 90, 78},
    {"llvm.nvvm.ex2.approx.ftz", 0, 14},
    {"llvm.nvvm.rcp.approx.ftz.f", 0, 14},
    {"llvm.nvvm.rsqrt.approx.ftz.f", 0, 14},
    {"llvm.nvvm.lg2.approx.ftz.f", 0, 14},
    {"llvm.nvvm.sqrt.rn.f", 20, 14},
    {"llvm.nvvm.div.full.ftz", 0, 14},
    {"llvm.nvvm.div.rn.f", 20, 14},
    {"llvm.nvvm.idp4a.s.s", 61, 50},
    {"llvm.nvvm.mma.m16n8k32.row.col.f32.", 89, 84},
    {"llvm.roundeven", 0, 14},
    {"llvm.floor", 0, 14},
};

static const Feature *findFeature(StringRef name) {
  for (const Feature &feature : kFeatures)
    if (feature.name.ends_with(".") ? name.starts_with(feature.name) : name == feature.name)
      return &feature;
  return nullptr;
}

FailureOr<unsigned> qopt::ptx::requiredPtxVersion(Operation *root, const Chip &chip) {
  unsigned version = chip.ptxVersion;
  WalkResult result = root->walk([&](Operation *op) {
    StringRef name = op->getName().getStringRef();
    if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op))
      name = call.getIntrin();
    else if (!isa_and_present<NVVM::NVVMDialect>(op->getDialect()))
      return WalkResult::advance();
    const Feature *feature = findFeature(name);
    if (!feature) {
      op->emitError() << "no chip is known to run '" << name << "'";
      return WalkResult::interrupt();
    }
    bool isForAll = feature->onlyChip.empty();
    if (isForAll ? feature->generation > chip.generation : feature->onlyChip != chip.name) {
      std::string needed =
          isForAll ? "sm_" + std::to_string(feature->generation) : feature->onlyChip.str();
      op->emitError() << "'" << name << "' needs " << needed << ", the chip is " << chip.name;
      return WalkResult::interrupt();
    }
    version = std::max(version, feature->ptxVersion);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return version;
}
