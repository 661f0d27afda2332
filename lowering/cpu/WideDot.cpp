//===- WideDot.cpp - sums of bytes times 16-bit integers ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/WideDot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace qopt::cpu;

/// The largest integer whose low byte, -128 to 127, leaves a high byte of as few bits.
static constexpr int64_t kLargest = 127 * 256 + 127;

Value WideDot::call(StringRef intrinsic, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, type, b.getStringAttr(intrinsic), operands).getResult(0);
}

Value WideDot::splat(VectorType type, int64_t value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getIntegerAttr(type.getElementType(), value)));
}

Value WideDot::half(Value vector, int64_t which) {
  int64_t size = cast<VectorType>(vector.getType()).getNumElements() / 2;
  SmallVector<int64_t> lanes(size);
  std::iota(lanes.begin(), lanes.end(), which * size);
  return b.shuffle(vector, vector, lanes);
}

WideDot::Rounded WideDot::round(ArrayRef<Value> numbers, Value pointer, int64_t partBytes) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value zero = b.splat(0.0), largest = zero, nothing = zero;
  for (Value number : numbers) {
    largest = b.maxf(math::AbsFOp::create(b, number), largest);
    nothing = b.addf(nothing, b.subf(number, number));
  }
  largest = b.maximumOfLanes(largest);
  Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, largest, zero);
  Value inverse = b.select(isZero, zero, b.divf(b.splat(double(kLargest)), largest));
  Value sum = splat(i32s, 0);
  for (auto [i, number] : llvm::enumerate(numbers)) {
    Value rounded = math::RoundEvenOp::create(b, b.mulf(number, inverse));
    Value integer = arith::FPToSIOp::create(b, i32s, rounded);
    sum = arith::AddIOp::create(b, sum, integer);
    Value parts[2];
    if (level == CpuLevel::Avx512) {
      auto bytes = VectorType::get(kLanes, b.getI8Type());
      Value up = arith::ShLIOp::create(b, integer, splat(i32s, 24));
      Value low = arith::ShRSIOp::create(b, up, splat(i32s, 24));
      Value rest = arith::SubIOp::create(b, integer, low);
      parts[0] = arith::TruncIOp::create(b, bytes, low);
      parts[1] = arith::TruncIOp::create(b, bytes, arith::ShRSIOp::create(b, rest, splat(i32s, 8)));
    } else {
      Value words = arith::TruncIOp::create(b, VectorType::get(kLanes, b.getI16Type()), integer);
      parts[0] = b.shuffle(words, words, {0, 2, 4, 6, 8, 10, 12, 14});
      parts[1] = b.shuffle(words, words, {1, 3, 5, 7, 9, 11, 13, 15});
    }
    for (int64_t part = 0; part < 2; ++part)
      b.store(parts[part], b.bytes(pointer, part * partBytes + int64_t(i) * kLanes));
  }
  Value total = vector::ReductionOp::create(b, vector::CombiningKind::ADD, sum);
  Value unit = b.mulf(largest, b.splat(1.0 / double(kLargest)));
  return {b.addf(unit, b.sumOfLanes(nothing)), vector::BroadcastOp::create(b, i32s, total)};
}

WideDot::Factor WideDot::factor(Value pointer, int64_t partBytes) {
  bool isWide = level == CpuLevel::Avx512;
  int64_t lanes = isWide ? 16 : 8;
  auto dwords = VectorType::get(lanes, b.getI32Type());
  auto units = isWide ? VectorType::get(64, b.getI8Type()) : VectorType::get(16, b.getI16Type());
  Factor parts;
  for (int64_t part = 0; part < 2; ++part) {
    Value four = b.load(b.getI32Type(), b.bytes(pointer, part * partBytes));
    parts.push_back(
        vector::BitCastOp::create(b, units, vector::BroadcastOp::create(b, dwords, four)));
  }
  return parts;
}

// With VNNI the sums of low and of high bytes, otherwise the lower and the upper lanes.
WideDot::Sums WideDot::begin(Value start) {
  if (level == CpuLevel::Avx512)
    return {start, splat(cast<VectorType>(start.getType()), 0)};
  return {half(start, 0), half(start, 1)};
}

WideDot::Sums WideDot::add(const Sums &sums, Value bytes, const Factor &factor) {
  Sums result;
  for (int64_t i = 0; i < 2; ++i) {
    Type type = sums[i].getType();
    if (level == CpuLevel::Avx512) {
      result[i] = call("llvm.x86.avx512.vpdpbusd.512", type, {sums[i], bytes, factor[i]});
      continue;
    }
    auto words = VectorType::get(16, b.getI16Type());
    Value pairs = vector::BitCastOp::create(b, words, half(bytes, i));
    Value even = arith::AndIOp::create(b, pairs, splat(words, 0xff));
    Value odd = arith::ShRUIOp::create(b, pairs, splat(words, 8));
    Value sum = call("llvm.x86.avx2.pmadd.wd", type, {even, factor[0]});
    sum = arith::AddIOp::create(b, sum, call("llvm.x86.avx2.pmadd.wd", type, {odd, factor[1]}));
    result[i] = arith::AddIOp::create(b, sums[i], sum);
  }
  return result;
}

Value WideDot::finish(const Sums &sums) {
  if (level == CpuLevel::Avx512) {
    auto type = cast<VectorType>(sums[1].getType());
    return arith::AddIOp::create(b, sums[0], arith::ShLIOp::create(b, sums[1], splat(type, 8)));
  }
  SmallVector<int64_t> all(kLanes);
  std::iota(all.begin(), all.end(), 0);
  return b.shuffle(sums[0], sums[1], all);
}
