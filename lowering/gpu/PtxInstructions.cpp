//===- PtxInstructions.cpp - conversions, warp and tensor core operations -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/PtxBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

Scalar PtxBuilder::lowFloat(Scalar word) { return (word << 16).bitcast(getF32Type()); }

Scalar PtxBuilder::highFloat(Scalar word) {
  return (word & int64_t(0xffff0000)).bitcast(getF32Type());
}

Scalar PtxBuilder::packBf16(Scalar low, Scalar high) {
  Value pair = vector::FromElementsOp::create(*this, VectorType::get(2, getF32Type()),
                                              ValueRange{low, high});
  Value rounded = arith::TruncFOp::create(*this, VectorType::get(2, getBF16Type()), pair);
  return wrap(LLVM::BitcastOp::create(*this, getI32Type(), rounded));
}

std::pair<Scalar, Scalar> PtxBuilder::unpackHalves(Type element, Scalar word) {
  if (element.isBF16())
    return {lowFloat(word), highFloat(word)};
  Value pair = LLVM::BitcastOp::create(*this, VectorType::get(2, element), word);
  auto widened = [&](int64_t i) {
    Value half = vector::ExtractOp::create(*this, pair, i);
    return wrap(arith::ExtFOp::create(*this, getF32Type(), half));
  };
  return {widened(0), widened(1)};
}

Scalar PtxBuilder::packHalves(Type element, Scalar low, Scalar high) {
  if (element.isBF16())
    return packBf16(low, high);
  auto rounded = [&](Scalar x) -> Value { return arith::TruncFOp::create(*this, element, x); };
  Value pair = vector::FromElementsOp::create(*this, VectorType::get(2, element),
                                              ValueRange{rounded(low), rounded(high)});
  return wrap(LLVM::BitcastOp::create(*this, getI32Type(), pair));
}

Scalar PtxBuilder::permuteBytes(Scalar first, Scalar second, int64_t selector) {
  return wrap(NVVM::PermuteOp::create(*this, getI32Type(), first, second, i32(selector),
                                      NVVM::PermuteMode::DEFAULT));
}
Scalar PtxBuilder::pairLow(Scalar first, Scalar second) {
  return permuteBytes(first, second, 0x5410);
}
Scalar PtxBuilder::pairHigh(Scalar first, Scalar second) {
  return permuteBytes(first, second, 0x7632);
}

/// MLIR takes ops of some of these for functions of a library.
static Scalar callUnary(PtxBuilder &b, StringRef intrinsic, Scalar x) {
  return b.wrap(
      LLVM::CallIntrinsicOp::create(b, x.getType(), b.getStringAttr(intrinsic), ValueRange{x})
          .getResult(0));
}
Scalar PtxBuilder::exp2(Scalar x) { return callUnary(*this, "llvm.nvvm.ex2.approx.ftz", x); }
Scalar PtxBuilder::log2(Scalar x) { return callUnary(*this, "llvm.nvvm.lg2.approx.ftz.f", x); }
Scalar PtxBuilder::reciprocal(Scalar x) {
  return callUnary(*this, "llvm.nvvm.rcp.approx.ftz.f", x);
}
Scalar PtxBuilder::reciprocalSqrt(Scalar x) {
  return callUnary(*this, "llvm.nvvm.rsqrt.approx.ftz.f", x);
}
Scalar PtxBuilder::squareRoot(Scalar x) { return callUnary(*this, "llvm.nvvm.sqrt.rn.f", x); }

Scalar PtxBuilder::divide(Scalar x, Scalar y) {
  return wrap(LLVM::CallIntrinsicOp::create(*this, x.getType(), getStringAttr("llvm.nvvm.div.rn.f"),
                                            ValueRange{x, y})
                  .getResult(0));
}
Scalar PtxBuilder::roundEven(Scalar x) { return callUnary(*this, "llvm.roundeven", x); }
Scalar PtxBuilder::roundDown(Scalar x) { return callUnary(*this, "llvm.floor", x); }

void PtxBuilder::warpBarrier() { NVVM::SyncWarpOp::create(*this, i32(-1)); }

static constexpr llvm::StringLiteral kDeviceScope = "device";

void PtxBuilder::fence() {
  LLVM::FenceOp::create(*this, LLVM::AtomicOrdering::acq_rel, kDeviceScope);
}

Scalar PtxBuilder::atomicIncrement(Value counter, Scalar last) {
  return wrap(LLVM::AtomicRMWOp::create(*this, LLVM::AtomicBinOp::uinc_wrap, counter, last,
                                        LLVM::AtomicOrdering::monotonic, kDeviceScope));
}

Scalar PtxBuilder::shuffleXor(Scalar value, unsigned mask) {
  return wrap(NVVM::ShflOp::create(*this, value.getType(), i32(-1), Value(value), i32(mask),
                                   i32(kWarpSize - 1), NVVM::ShflKind::bfly, UnitAttr()));
}

Scalar PtxBuilder::warpSum(Scalar value, unsigned lanes, unsigned stride) {
  for (unsigned mask = lanes / 2 * stride; mask >= stride; mask /= 2)
    value = value + shuffleXor(value, mask);
  return value;
}

Scalar PtxBuilder::warpMax(Scalar value, unsigned lanes, unsigned stride) {
  for (unsigned mask = lanes / 2 * stride; mask >= stride; mask /= 2)
    value = max(value, shuffleXor(value, mask));
  return value;
}

Value PtxBuilder::sharedMemory() {
  return LLVM::AddressOfOp::create(*this, LLVM::LLVMPointerType::get(getContext(), 3),
                                   kSharedMemorySymbol);
}

void PtxBuilder::copyAsync(Value sharedDst, Value globalSrc, Scalar bytes) {
  // `.cg` leaves L1 alone: tiles are read once by each block.
  NVVM::CpAsyncOp::create(*this, sharedDst, globalSrc, 16, NVVM::LoadCacheModifierKind::CG, bytes);
}

void PtxBuilder::commitCopies() { NVVM::CpAsyncCommitGroupOp::create(*this); }
void PtxBuilder::waitCopies(unsigned pending) { NVVM::CpAsyncWaitGroupOp::create(*this, pending); }

void PtxBuilder::prefetch(Value ptr, int64_t bytes) {
  NVVM::CpAsyncBulkPrefetchOp::create(*this, ptr, i32(bytes), /*l2CacheHint=*/Value());
}

/// The fields of a struct that an instruction returns.
static std::array<Value, 4> unpackStruct(PtxBuilder &b, Value value) {
  std::array<Value, 4> fields;
  for (int64_t i = 0; i < 4; ++i)
    fields[i] = LLVM::ExtractValueOp::create(b, value, i);
  return fields;
}

std::array<Value, 4> PtxBuilder::loadMatrices(Value ptr, bool transposed) {
  Type words = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(4, getI32Type()));
  Value loaded = NVVM::LdMatrixOp::create(
      *this, words, ptr, 4, transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(getContext(), 8, 8), NVVM::LdStMatrixEltType::B16);
  return unpackStruct(*this, loaded);
}

MmaSums PtxBuilder::mma(ArrayRef<Value> a, ArrayRef<Value> b, const MmaSums &sums) {
  Type result = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(4, getF32Type()));
  Value product = NVVM::MmaOp::create(
      *this, result, a, b, ValueRange(ArrayRef<Value>(sums)), ArrayRef<int64_t>{16, 8, 16},
      std::nullopt, std::nullopt,
      std::array<NVVM::MMATypes, 2>{NVVM::MMATypes::bf16, NVVM::MMATypes::bf16},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return unpackStruct(*this, product);
}

MmaSums PtxBuilder::mmaF16(ArrayRef<Value> a, ArrayRef<Value> b, const MmaSums &sums) {
  Type pair = VectorType::get(2, getF16Type());
  auto asPairs = [&](ArrayRef<Value> words) {
    return llvm::map_to_vector(
        words, [&](Value word) -> Value { return LLVM::BitcastOp::create(*this, pair, word); });
  };
  Type result = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(4, getF32Type()));
  Value product = NVVM::MmaOp::create(
      *this, result, asPairs(a), asPairs(b), ValueRange(ArrayRef<Value>(sums)),
      ArrayRef<int64_t>{16, 8, 16}, std::nullopt, std::nullopt,
      std::array<NVVM::MMATypes, 2>{NVVM::MMATypes::f16, NVVM::MMATypes::f16},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return unpackStruct(*this, product);
}

MmaSums PtxBuilder::mmaFp8(StringRef typeOfA, ArrayRef<Value> a, StringRef typeOfB,
                           ArrayRef<Value> b, const MmaSums &sums) {
  SmallVector<Value> operands(a);
  operands.append(b.begin(), b.end());
  operands.append(sums.begin(), sums.end());
  Type result = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(4, getF32Type()));
  std::string name =
      ("llvm.nvvm.mma.m16n8k32.row.col.f32." + typeOfA + "." + typeOfB + ".f32").str();
  Value product =
      LLVM::CallIntrinsicOp::create(*this, result, getStringAttr(name), operands).getResult(0);
  return unpackStruct(*this, product);
}

MmaSums PtxBuilder::mmaInt8(ArrayRef<Value> a, ArrayRef<Value> b, const MmaSums &sums) {
  Type result = LLVM::LLVMStructType::getLiteral(getContext(), SmallVector<Type>(4, getI32Type()));
  Value product = NVVM::MmaOp::create(
      *this, result, a, b, ValueRange(ArrayRef<Value>(sums)),
      ArrayRef<int64_t>{16, 8, int64_t(a.size()) * 8}, std::nullopt, NVVM::MMAIntOverflow::wrapped,
      std::array<NVVM::MMATypes, 2>{NVVM::MMATypes::s8, NVVM::MMATypes::s8},
      std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row, NVVM::MMALayout::col});
  return unpackStruct(*this, product);
}

Scalar PtxBuilder::dotInt8(Scalar a, Scalar b, Scalar sum) {
  return wrap(LLVM::CallIntrinsicOp::create(
                  *this, getI32Type(), getStringAttr("llvm.nvvm.idp4a.s.s"), ValueRange{a, b, sum})
                  .getResult(0));
}
