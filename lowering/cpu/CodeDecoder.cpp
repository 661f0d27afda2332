//===- CodeDecoder.cpp - codes as vectors of f32 --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodeDecoder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "runtime/quantization/MiniFloat.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

CodeDecoder::CodeDecoder(CodeBuilder &b, CpuLevel level, q::SchemeAttr scheme, bool hasSixBits)
    : b(b), level(level), scheme(scheme), hasSixBits(hasSixBits) {}

static bool isFp4(q::SchemeAttr scheme) { return scheme.getStorage() == q::Storage::Fp4E2M1; }

/// Codes from 0 up have no sign.
static bool isUnsigned(q::SchemeAttr scheme) { return scheme.getRange()[0] >= 0; }

double CodeDecoder::factor() const {
  // e4m3 is read as an f16, whose exponents are 8 less; tables of bytes hold e2m1 doubled.
  if (scheme.getStorage() == q::Storage::Fp8E4M3)
    return 256;
  return isFp4(scheme) && level == CpuLevel::Avx2 ? 0.5 : 1;
}

Value CodeDecoder::load(Value address, int64_t part) {
  if (hasSixBits)
    return joinSixBits(address, part);
  Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), address);
  switch (scheme.getStorage()) {
  case q::Storage::Int8:
    return widenIntegers(bytes);
  case q::Storage::Fp8E4M3:
  case q::Storage::Fp8E5M2:
    return widenFp8(b, bytes, scheme.getStorage() == q::Storage::Fp8E5M2);
  case q::Storage::Int4:
  case q::Storage::Fp4E2M1:
    return level == CpuLevel::Avx512 ? lookUp(bytes, part) : lookUpInBytes(bytes, part);
  case q::Storage::BF16:
  case q::Storage::F16:
    break;
  }
  llvm_unreachable("16-bit floats are no codes");
}

/// A vector of `width`-bit integers, each `value`.
static Value integers(CodeBuilder &b, unsigned width, int64_t value) {
  auto type = VectorType::get(kLanes, b.getIntegerType(width));
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, APInt(width, value)));
}

Value CodeDecoder::widenIntegers(Value bytes) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value wide = isUnsigned(scheme) ? arith::ExtUIOp::create(b, i32s, bytes).getResult()
                                  : arith::ExtSIOp::create(b, i32s, bytes).getResult();
  return arith::SIToFPOp::create(b, b.vectorType(), wide);
}

Value CodeDecoder::joinSixBits(Value address, int64_t part) {
  constexpr int64_t row = llm::PackOp::kPanelWidth, bits = 6;
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  auto loadRow = [&](int64_t index) -> Value {
    Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), b.bytes(address, index * row));
    return arith::ExtUIOp::create(b, i32s, bytes);
  };
  auto field = [&](Value words, int64_t shift, int64_t mask) -> Value {
    words = arith::ShRUIOp::create(b, words, integers(b, 32, shift));
    return arith::AndIOp::create(b, words, integers(b, 32, mask));
  };
  Value low = field(loadRow(part / 2), part % 2 * 4, 0x0f), high = field(loadRow(2), 2 * part, 3);
  Value code = arith::OrIOp::create(b, low, arith::ShLIOp::create(b, high, integers(b, 32, 4)));
  // The highest of the six is the sign.
  Value places = integers(b, 32, 32 - bits);
  code = arith::ShRSIOp::create(b, arith::ShLIOp::create(b, code, places), places);
  return arith::SIToFPOp::create(b, b.vectorType(), code);
}

// e5m2 is the upper byte of an f16. e4m3 has one bit of exponent less and one of mantissa more:
// shifted, its sign stands in two bits, of which the lower is cleared.
Value cpu::widenFp8(CodeBuilder &b, Value bytes, bool isE5M2) {
  auto i16s = VectorType::get(kLanes, b.getI16Type());
  Value wide = arith::ExtSIOp::create(b, i16s, bytes);
  wide = arith::ShLIOp::create(b, wide, integers(b, 16, isE5M2 ? 8 : 7));
  if (!isE5M2)
    wide = arith::AndIOp::create(b, wide, integers(b, 16, 0xbf80));
  Value halves = arith::BitcastOp::create(b, VectorType::get(kLanes, b.getF16Type()), wide);
  return arith::ExtFOp::create(b, b.vectorType(), halves);
}

/// What a 4-bit code stands for.
static float valueOf(q::SchemeAttr scheme, int code) {
  if (isFp4(scheme))
    return Fp4E2M1::decode(uint8_t(code));
  return float(isUnsigned(scheme) || code < 8 ? code : code - 16);
}

/// The 16 values are in a register, of which vpermps picks by the low four bits of each index.
Value CodeDecoder::lookUp(Value bytes, int64_t half) {
  SmallVector<float> table;
  for (int code = 0; code < 16; ++code)
    table.push_back(valueOf(scheme, code));
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value indices = arith::ExtUIOp::create(b, i32s, bytes);
  if (half == 1)
    indices = arith::ShRUIOp::create(b, indices, integers(b, 32, 4));
  Value values =
      arith::ConstantOp::create(b, DenseElementsAttr::get(b.vectorType(), ArrayRef(table)));
  return LLVM::CallIntrinsicOp::create(b, b.vectorType(),
                                       b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
                                       ValueRange{values, indices})
      .getResult(0);
}

/// The 16 values are bytes, of which pshufb picks.
Value CodeDecoder::lookUpInBytes(Value bytes, int64_t half) {
  SmallVector<int8_t> table;
  for (int code = 0; code < 16; ++code)
    table.push_back(int8_t(valueOf(scheme, code) * (isFp4(scheme) ? 2 : 1)));
  auto i8s = VectorType::get(kLanes, b.getI8Type());
  Value indices = half == 1 ? arith::ShRUIOp::create(b, bytes, integers(b, 8, 4)).getResult()
                            : arith::AndIOp::create(b, bytes, integers(b, 8, 15)).getResult();
  Value values = arith::ConstantOp::create(b, DenseElementsAttr::get(i8s, ArrayRef(table)));
  Value picked =
      LLVM::CallIntrinsicOp::create(b, i8s, b.getStringAttr("llvm.x86.ssse3.pshuf.b.128"),
                                    ValueRange{values, indices})
          .getResult(0);
  Value wide = arith::ExtSIOp::create(b, VectorType::get(kLanes, b.getI32Type()), picked);
  return arith::SIToFPOp::create(b, b.vectorType(), wide);
}
