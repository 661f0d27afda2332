//===- IntegerDot.cpp - sums of products of bytes -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerDot.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace qopt::cpu;

static int64_t lanesOf(Value vector) { return cast<VectorType>(vector.getType()).getNumElements(); }

static Value call(CodeBuilder &b, StringRef intrinsic, Type result, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, result, b.getStringAttr(intrinsic), operands)
      .getResult(0);
}

static Value words(CodeBuilder &b, VectorType type, int64_t value) {
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(type, b.getI16IntegerAttr(int16_t(value))));
}

IntegerDot::Signed IntegerDot::prepare(Value bytes) {
  if (level == CpuLevel::Avx512)
    return {bytes};
  // Even and odd bytes, each extended to 16 bits in place.
  auto type = VectorType::get(lanesOf(bytes) / 2, b.getI16Type());
  Value pairs = vector::BitCastOp::create(b, type, bytes), eight = words(b, type, 8);
  Value even = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, pairs, eight), eight);
  return {even, arith::ShRSIOp::create(b, pairs, eight)};
}

IntegerDot::Signed IntegerDot::broadcast(Value pointer, int64_t lanes) {
  Value four = b.load(b.getI32Type(), pointer);
  // The load may start anywhere.
  four.getDefiningOp<LLVM::LoadOp>().setAlignment(1);
  Value all = vector::BroadcastOp::create(b, VectorType::get(lanes, b.getI32Type()), four);
  return prepare(vector::BitCastOp::create(b, VectorType::get(4 * lanes, b.getI8Type()), all));
}

Value IntegerDot::half(Value vector, int64_t which) {
  int64_t size = lanesOf(vector) / 2;
  SmallVector<int64_t> lanes(size);
  std::iota(lanes.begin(), lanes.end(), which * size);
  return b.shuffle(vector, vector, lanes);
}

/// 8 lanes without VNNI.
Value IntegerDot::addHalfWords(Value sums, Value unsignedBytes, const Signed &signedBytes) {
  auto type = cast<VectorType>(signedBytes[0].getType());
  Value pairs = vector::BitCastOp::create(b, type, unsignedBytes);
  Value even = arith::AndIOp::create(b, pairs, words(b, type, 0xff));
  Value odd = arith::ShRUIOp::create(b, pairs, words(b, type, 8));
  auto multiply = [&](Value lhs, Value rhs) {
    return call(b, "llvm.x86.avx2.pmadd.wd", sums.getType(), {lhs, rhs});
  };
  sums = arith::AddIOp::create(b, sums, multiply(even, signedBytes[0]));
  return arith::AddIOp::create(b, sums, multiply(odd, signedBytes[1]));
}

Value IntegerDot::add(Value sums, Value unsignedBytes, const Signed &signedBytes) {
  int64_t lanes = lanesOf(sums);
  if (level == CpuLevel::Avx512)
    return call(b, lanes == 16 ? "llvm.x86.avx512.vpdpbusd.512" : "llvm.x86.avx512.vpdpbusd.256",
                sums.getType(), {sums, unsignedBytes, signedBytes[0]});
  if (lanes == 8)
    return addHalfWords(sums, unsignedBytes, signedBytes);
  Value parts[2];
  for (int64_t i = 0; i < 2; ++i)
    parts[i] = addHalfWords(half(sums, i), half(unsignedBytes, i),
                            {half(signedBytes[0], i), half(signedBytes[1], i)});
  SmallVector<int64_t> all(lanes);
  std::iota(all.begin(), all.end(), 0);
  return b.shuffle(parts[0], parts[1], all);
}
