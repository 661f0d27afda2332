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

/// Vectors at each distance become their sum and difference.
static void combine(CodeBuilder &b, Values &values) {
  for (size_t distance = 1; distance < values.size(); distance *= 2)
    for (size_t i = 0; i < values.size(); ++i)
      if (!(i & distance)) {
        Value low = values[i], high = values[i + distance];
        values[i] = b.addf(low, high);
        values[i + distance] = b.subf(low, high);
      }
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
  combine(b, values);
}

/// The signs over sqrt(n).
static std::vector<float> scaledSigns(int64_t headDim, uint32_t seed) {
  std::vector<float> signs = hadamardSigns(seed, headDim);
  for (float &sign : signs)
    sign *= float(1 / std::sqrt(double(headDim)));
  return signs;
}

static Values signVectors(CodeBuilder &b, int64_t headDim, uint32_t seed) {
  std::vector<float> signs = scaledSigns(headDim, seed);
  Values vectors;
  for (int64_t i = 0; i < headDim; i += kLanes)
    vectors.push_back(constants(b, ArrayRef(signs).slice(i, kLanes)));
  return vectors;
}

static void emit(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed, bool isBack) {
  Type f32 = b.getF32Type();
  Values signs = signVectors(b, headDim, seed), values;
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

/// Elements `distance` apart, `count` of them at a time in registers, become what the transform of
/// `count` makes of them.
static void transformAcross(CodeBuilder &b, Value heads, int64_t headDim, int64_t stride,
                            int64_t distance, int64_t count) {
  Type f32 = b.getF32Type();
  b.loop(b.i64(0), b.i64(headDim / count), 1, [&](Value index) {
    Value outer = b.multiply(b.divide(index, distance), distance * count);
    Value first = b.add(outer, b.remainder(index, distance));
    auto address = [&](int64_t i) {
      return b.element(f32, heads, b.multiply(b.add(first, i * distance), stride));
    };
    Values values;
    for (int64_t i = 0; i < count; ++i)
      values.push_back(b.loadVector(f32, address(i)));
    combine(b, values);
    for (int64_t i = 0; i < count; ++i)
      b.storeVector(values[i], address(i));
  });
}

void cpu::emitRotationBackAcross(CodeBuilder &b, EmittedModule &target, Value heads,
                                 int64_t headDim, int64_t stride, uint32_t seed) {
  constexpr int64_t inRegisters = 8;
  Type f32 = b.getF32Type();
  for (int64_t distance = 1; distance < headDim; distance *= inRegisters)
    transformAcross(b, heads, headDim, stride, distance, std::min(inRegisters, headDim / distance));
  std::string name = "hadamard_signs_" + std::to_string(seed) + "_" + std::to_string(headDim);
  Value signs = target.table(b, name, scaledSigns(headDim, seed));
  b.loop(b.i64(0), b.i64(headDim), 1, [&](Value element) {
    Value address = b.element(f32, heads, b.multiply(element, stride));
    Value sign = b.broadcast(b.load(f32, b.element(f32, signs, element)));
    b.storeVector(b.mulf(b.loadVector(f32, address), sign), address);
  });
}

void cpu::emitRotation(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed) {
  emit(b, head, headDim, seed, /*isBack=*/false);
}

void cpu::emitRotationBack(CodeBuilder &b, Value head, int64_t headDim, uint32_t seed) {
  emit(b, head, headDim, seed, /*isBack=*/true);
}
