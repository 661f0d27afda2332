//===- WarpgroupInstructions.cpp - asynchronous copies and products -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PtxBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace qopt::ptx;

void PtxBuilder::initBarrier(Value barrier, int64_t arrivals) {
  NVVM::MBarrierInitOp::create(*this, barrier, i32(arrivals), /*predicate=*/Value());
}

void PtxBuilder::fenceAsync() {
  NVVM::FenceProxyOp::create(
      *this, NVVM::ProxyKindAttr::get(getContext(), NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(getContext(), NVVM::SharedSpace::shared_cta));
}

void PtxBuilder::arrive(Value barrier) {
  NVVM::MBarrierArriveOp::create(*this, getI64Type(), barrier, /*count=*/Value());
}

void PtxBuilder::arriveExpecting(Value barrier, int64_t bytes) {
  NVVM::MBarrierArriveExpectTxOp::create(*this, /*res=*/Type(), barrier, i32(bytes),
                                         NVVM::MemScopeKind::CTA, /*relaxed=*/false,
                                         /*predicate=*/Value());
}

void PtxBuilder::waitForPhase(Value barrier, Scalar parity) {
  // An attempt suspends the thread for a while, and may then have failed.
  auto loop = scf::WhileOp::create(*this, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(*this);
  createBlock(&loop.getBefore());
  Value isComplete = NVVM::MBarrierTryWaitOp::create(*this, getI1Type(), barrier, Value(parity),
                                                     /*ticks=*/Value());
  Scalar isPending = wrap(isComplete) ^ wrap(arith::ConstantOp::create(*this, getBoolAttr(true)));
  scf::ConditionOp::create(*this, isPending, ValueRange());
  createBlock(&loop.getAfter());
  scf::YieldOp::create(*this);
}

void PtxBuilder::copyTensor(Value sharedDst, Value map, llvm::ArrayRef<Scalar> coordinates,
                            Value barrier) {
  // The only block of its cluster.
  Value target =
      LLVM::AddrSpaceCastOp::create(*this, LLVM::LLVMPointerType::get(getContext(), 7), sharedDst);
  NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
      *this, target, map, llvm::to_vector_of<Value>(coordinates), barrier,
      /*im2colOffsets=*/ValueRange(), /*multicastMask=*/Value(), /*l2CacheHint=*/Value(),
      NVVM::TMALoadMode::TILE, /*isCTAOnly=*/false, /*group=*/nullptr, /*predicate=*/Value());
}

Value PtxBuilder::warpgroupMultiply(Value sums, llvm::StringRef typeOfA, Scalar a,
                                    llvm::StringRef typeOfB, Scalar b, int64_t columns) {
  using namespace NVVM;
  MLIRContext *context = getContext();
  auto type = cast<LLVM::LLVMStructType>(sums.getType());
  bool isInteger = type.getBody().front().isInteger(32);
  auto typeAttr = [&](WGMMATypes kind) { return WGMMATypesAttr::get(context, kind); };
  auto operand = [&](llvm::StringRef name) { return typeAttr(*symbolizeWGMMATypes(name)); };
  auto scaleIn = WGMMAScaleInAttr::get(context, WGMMAScaleIn::one);
  return WgmmaMmaAsyncOp::create(
      *this, type, sums, Value(a), Value(b),
      MMAShapeAttr::get(context, 64, int(columns), typeOfA == "bf16" ? 16 : 32), operand(typeOfA),
      operand(typeOfB), typeAttr(isInteger ? WGMMATypes::s32 : WGMMATypes::f32),
      WGMMAScaleOutAttr::get(context, WGMMAScaleOut::one), scaleIn, scaleIn,
      MMALayoutAttr::get(context, MMALayout::row), MMALayoutAttr::get(context, MMALayout::col),
      MMAIntOverflowAttr());
}

void PtxBuilder::beginProducts() { NVVM::WgmmaFenceAlignedOp::create(*this); }

void PtxBuilder::finishProducts() {
  NVVM::WgmmaGroupSyncAlignedOp::create(*this);
  NVVM::WgmmaWaitGroupSyncOp::create(*this, getI64IntegerAttr(0));
}
