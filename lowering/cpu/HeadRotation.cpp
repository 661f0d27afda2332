//===- HeadRotation.cpp - rotation of a head in registers ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/HeadRotation.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "runtime/quantization/Hadamard.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static Value constants(CodeBuilder &b, ArrayRef<float> values) {
  return arith::ConstantOp::create(b, DenseElementsAttr::get(b.vectorType(), values));
}

/// The Walsh-Hadamard transform: elements at each distance become their sum and difference.
static void transform(CodeBuilder &b, Values &values) {
  for (int64_t distance = 1; distance < kLanes; distance *= 2) {
    SmallVector<int64_t> partners;
    SmallVector<float> signs;
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      partners.push_back(lane ^ distance);
      signs.push_back(lane & distance ? -1.0f : 1.0f);
    }
    for (Value &value : values)
      value = b.fma(value, constants(b, signs), b.shuffle(value, value, partners));
  }
  for (size_t distance = 1; distance < values.size(); distance *= 2)
    for (size_t i = 0; i < values.size(); ++i)
      if (!(i & distance)) {
        Value low = values[i], high = values[i + distance];
        values[i] = b.addf(low, high);
        values[i + distance] = b.subf(low, high);
      }
}

/// The signs over sqrt(n), as vectors.
static Values scaledSigns(CodeBuilder &b, int64_t headDim, uint32_t seed) {
  std::vector<float> signs = hadamardSigns(seed, headDim);
  for (float &sign : signs)
    sign *= float(1 / std::sqrt(double(headDim)));
  Values vectors;
  for (int64_t i = 0; i < headDim; i += kLanes)
    vectors.push_back(constants(b, ArrayRef(signs).slice(i, kLanes)));
  return vectors;
}

static void emit(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed, bool isBack) {
  Type f32 = b.getF32Type();
  Values signs = scaledSigns(b, headDim, seed), values;
  for (size_t i = 0; i < signs.size(); ++i) {
    values.push_back(b.loadVector(f32, b.element(f32, head, int64_t(i) * kLanes)));
    if (!isBack)
      values[i] = b.mulf(values[i], signs[i]);
  }
  transform(b, values);
  for (size_t i = 0; i < signs.size(); ++i) {
    if (isBack)
      values[i] = b.mulf(values[i], signs[i]);
    b.storeVector(values[i], b.element(f32, head, int64_t(i) * kLanes));
  }
}

void cpu::emitRotation(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed) {
  emit(b, head, headDim, seed, /*isBack=*/false);
}

void cpu::emitRotationBack(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed) {
  emit(b, head, headDim, seed, /*isBack=*/true);
}
