//===- CacheDecoder.cpp - cached codes as vectors of f32 -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CacheDecoder.h"
#include "lowering/cpu/CodeDecoder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "runtime/quantization/LloydMax.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Code = CacheFormat::Code;
using Values = CodeBuilder::Values;

SmallVector<float> cpu::codePoints(const CacheFormat &format) {
  assert(format.code == Code::LloydMax && "other codes have no table");
  std::vector<double> points = lloydMaxPoints(format.bits);
  return SmallVector<float>(points.begin(), points.end());
}

CacheDecoder::CacheDecoder(CodeBuilder &b, EmittedModule &target, const CachePool &pool)
    : b(b), target(target), pool(pool), format(pool.format) {
  if (format.code == Code::LloydMax)
    points = codePoints(format);
}

Value CacheDecoder::integers(int64_t value) {
  auto type = VectorType::get(kLanes, b.getI32Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, int32_t(value)));
}

Values CacheDecoder::load(Value address) {
  switch (format.code) {
  case Code::Native:
    return {b.loadVector(b.getF32Type(), address)};
  case Code::F16:
    return {b.loadVector(b.getF16Type(), address)};
  case Code::BF16:
    return {b.loadVector(b.getBF16Type(), address)};
  default:
    break;
  }
  if (format.code == Code::Fp8E4M3 || format.code == Code::Fp8E5M2)
    return {widenFp8(b, b.load(VectorType::get(kLanes, b.getI8Type()), address),
                     format.code == Code::Fp8E5M2)};
  if (!pool.isKey && pool.isSplit())
    return {loadElements(address)};
  return loadStreams(address);
}

Value CacheDecoder::widen(Value bytes) {
  return arith::ExtUIOp::create(b, VectorType::get(kLanes, b.getI32Type()), bytes);
}

/// Streams side by side, a byte of each after the other.
Values CacheDecoder::loadStreams(Value address) {
  int64_t bits = pool.bits();
  Values bytes, vectors;
  for (int64_t byte = 0; byte < bytesTogether(bits); ++byte)
    bytes.push_back(widen(b.load(VectorType::get(kLanes, b.getI8Type()),
                                 b.bytes(address, byte * pool.streamStride()))));
  for (int64_t i = 0; i < codesTogether(bits); ++i) {
    CodePlace place = CodePlace::of(i, bits);
    Value codes = bytes[place.byte];
    if (place.isSplit())
      codes = arith::OrIOp::create(b, codes,
                                   arith::ShLIOp::create(b, bytes[place.byte + 1], integers(8)));
    if (place.shift)
      codes = arith::ShRUIOp::create(b, codes, integers(place.shift));
    vectors.push_back(point(codes));
  }
  return vectors;
}

/// One stream of 16 elements: each lane takes the two bytes that its code may be in.
Value CacheDecoder::loadElements(Value address) {
  auto dwords = VectorType::get(kLanes, b.getI32Type());
  Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), address);
  SmallVector<int64_t> picked;
  SmallVector<int32_t> shifts;
  for (int64_t i = 0; i < kLanes; ++i) {
    CodePlace place = CodePlace::of(i, pool.bits());
    picked.append({place.byte, place.byte + 1, place.byte, place.byte + 1});
    shifts.push_back(int32_t(place.shift));
  }
  Value words = vector::BitCastOp::create(b, dwords, b.shuffle(bytes, bytes, picked));
  Value by = arith::ConstantOp::create(b, DenseElementsAttr::get(dwords, ArrayRef(shifts)));
  return point(arith::ShRUIOp::create(b, words, by));
}

/// What codes, the lowest bits of 16 i32, stand for. Up to 16 points are in a register, of which
/// vpermps picks by the low four bits of each index; without it, or with more, they are in memory.
Value CacheDecoder::point(Value codes) {
  if (target.level != CpuLevel::Avx512 || points.size() > kLanes) {
    if (pool.bits() != 8)
      codes = arith::AndIOp::create(b, codes, integers(int64_t(points.size()) - 1));
    return lookUp("lloyd_max" + std::to_string(format.bits), points, codes);
  }
  // Codes of two or three bits have others above them, which a table of points repeated leaves out.
  SmallVector<float> table;
  for (int64_t i = 0; i < kLanes; ++i)
    table.push_back(points[i % points.size()]);
  Value values =
      arith::ConstantOp::create(b, DenseElementsAttr::get(b.vectorType(), ArrayRef(table)));
  return LLVM::CallIntrinsicOp::create(b, b.vectorType(),
                                       b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
                                       ValueRange{values, codes})
      .getResult(0);
}

Value CacheDecoder::lookUp(StringRef name, ArrayRef<float> entries, Value indices) {
  return b.gather(target.table(b, name, entries), indices);
}

Value CacheDecoder::scales(Value block, Value group, Value token) {
  if (format.fixed)
    return target.layerNumber(b, pool.isKey, 0);
  Value address = pool.scaleAddress(b, block, group, token);
  if (format.scaleTable) {
    Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), address);
    Value indices = arith::ExtUIOp::create(b, VectorType::get(kLanes, b.getI32Type()), bytes);
    return b.gather(target.numbers(pool.isKey), indices);
  }
  Value scales = b.loadVector(b.getF16Type(), address);
  // e4m3 is widened to 2^-8 of what it stands for.
  return format.code == Code::Fp8E4M3 ? b.mulf(scales, b.splat(256)) : scales;
}

Value CacheDecoder::minima(Value block, Value group, Value token) {
  return b.loadVector(b.getF16Type(), pool.zeroAddress(b, block, group, token));
}

Value CacheDecoder::zeros(Value block, Value group, Value token) {
  if (format.fixed)
    return target.layerNumber(b, pool.isKey, 1);
  return b.fma(scales(block, group, token), b.splat(double(format.linear()->bias)),
               minima(block, group, token));
}
