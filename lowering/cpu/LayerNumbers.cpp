//===- LayerNumbers.cpp - what caches of layers differ in -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/LayerNumbers.h"
#include "lowering/kernels/KernelName.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

SmallVector<float> cpu::scalePoints(const CacheFormat::ScaleTable &table) {
  SmallVector<float> points;
  for (int64_t i = 0; i < int64_t(1) << table.bits; ++i)
    points.push_back(float(table.least * std::pow(table.ratio, double(i))));
  return points;
}

SmallVector<float> cpu::layerNumbers(const CacheFormat &format) {
  if (format.fixed)
    return {float(format.fixed->scale), float(format.fixed->zero)};
  if (!format.scaleTable)
    return {};
  SmallVector<float> numbers = scalePoints(*format.scaleTable);
  if (format.code == CacheFormat::Code::LloydMax)
    for (float point : SmallVector<float>(numbers))
      numbers.push_back(point * float(std::sqrt(format.scaleTable->ratio)));
  return numbers;
}

static bool hasNumbers(const CacheFormat &format) { return format.fixed || format.scaleTable; }

bool cpu::hasLayerNumbers(const CacheGeometry &cache) {
  return hasNumbers(cache.keys.format) || hasNumbers(cache.values.format);
}

/// Code without a zero does less.
static std::string withoutNumbers(CacheFormat format) {
  if (format.fixed)
    format.fixed = {1, format.fixed->zero == 0 ? 0.0 : 1.0};
  if (format.scaleTable)
    format.scaleTable = {format.scaleTable->bits, 1, 2};
  return toText(format);
}

std::string cpu::sharedCodeKey(kernel::LaunchOpInterface op, const CacheGeometry &cache) {
  return kernel::kernelKey(op, {}) + std::to_string(cache.kvHeads()) + ' ' +
         std::to_string(cache.headDim()) + '\n' + withoutNumbers(cache.keys.format) + '\n' +
         withoutNumbers(cache.values.format);
}

void cpu::addCaller(EmittedModule &target, kernel::LaunchOpInterface op, func::FuncOp code,
                    const CacheGeometry &cache, StringRef cacheName) {
  KernelBody body(target, op.getKernelAttr(), op->getLoc());
  auto addressOf = [&](const CachePool &pool, StringRef part) -> Value {
    if (!hasNumbers(pool.format))
      return LLVM::ZeroOp::create(body.b, body.b.pointerType());
    return target.table(body.b, (cacheName + part).str(), layerNumbers(pool.format));
  };
  Value keys = addressOf(cache.keys, ".k"), values = addressOf(cache.values, ".v");
  body.call(code, {keys, values});
}
