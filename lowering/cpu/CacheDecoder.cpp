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

SmallVector<float> cpu::scalePoints(const CacheFormat::ScaleTable &table) {
  SmallVector<float> points;
  for (int64_t i = 0; i < int64_t(1) << table.bits; ++i)
    points.push_back(float(table.least * std::pow(table.ratio, double(i))));
  return points;
}

std::string cpu::tableName(const CacheFormat::ScaleTable &table, StringRef kind) {
  return llvm::formatv("{0}{1}_{2:x}_{3:x}", kind, table.bits,
                       llvm::bit_cast<uint64_t>(table.least),
                       llvm::bit_cast<uint64_t>(table.ratio));
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
  Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), address);
  if (format.storedBits() == 8)
    return {decodeByte(bytes)};
  Values vectors;
  for (int64_t shift = 0; shift < 8; shift += format.storedBits())
    vectors.push_back(decodePacked(bytes, shift));
  return vectors;
}

Value CacheDecoder::decodeByte(Value bytes) {
  if (format.code == Code::Fp8E4M3 || format.code == Code::Fp8E5M2)
    return widenFp8(b, bytes, format.code == Code::Fp8E5M2);
  Value wide = arith::ExtUIOp::create(b, VectorType::get(kLanes, b.getI32Type()), bytes);
  return lookUp(pointsName(), points, wide);
}

/// The codes that begin at bit `shift` of each byte. The points are in a register, of which vpermps
/// picks by the low four bits of each index; without it, they are in memory.
Value CacheDecoder::decodePacked(Value bytes, int64_t shift) {
  Value wide = arith::ExtUIOp::create(b, VectorType::get(kLanes, b.getI32Type()), bytes);
  if (shift)
    wide = arith::ShRUIOp::create(b, wide, integers(shift));
  if (target.level != CpuLevel::Avx512)
    return lookUp(pointsName(), points,
                  arith::AndIOp::create(b, wide, integers((1 << format.storedBits()) - 1)));
  // Codes of two bits have others above them, which a table of four points repeated leaves out;
  // those of three have nothing there.
  SmallVector<float> table;
  for (int64_t i = 0; i < 16; ++i)
    table.push_back(points[i % points.size()]);
  Value values =
      arith::ConstantOp::create(b, DenseElementsAttr::get(b.vectorType(), ArrayRef(table)));
  return LLVM::CallIntrinsicOp::create(b, b.vectorType(),
                                       b.getStringAttr("llvm.x86.avx512.permvar.sf.512"),
                                       ValueRange{values, wide})
      .getResult(0);
}

std::string CacheDecoder::pointsName() const { return "lloyd_max" + std::to_string(format.bits); }

Value CacheDecoder::lookUp(StringRef name, ArrayRef<float> entries, Value indices) {
  return b.gather(target.table(b, name, entries), indices);
}

Value CacheDecoder::scales(Value block, Value group, Value token) {
  if (format.fixed)
    return b.splat(format.fixed->scale);
  Value address = pool.scaleAddress(b, block, group, token);
  if (format.scaleTable) {
    Value bytes = b.load(VectorType::get(kLanes, b.getI8Type()), address);
    Value indices = arith::ExtUIOp::create(b, VectorType::get(kLanes, b.getI32Type()), bytes);
    return lookUp(tableName(*format.scaleTable, "scales"), scalePoints(*format.scaleTable),
                  indices);
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
    return b.splat(format.fixed->zero);
  return b.fma(scales(block, group, token), b.splat(double(format.linear()->bias)),
               minima(block, group, token));
}
