//===- KernelTestSupport.cpp - random inputs and packed weights --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/KernelTestSupport.h"
#include "llvm/ADT/APFloat.h"
#include <limits>

using namespace qopt;
using namespace qopt::test;

Buffer<float> Random::activation(int64_t rows, int64_t columns) {
  int64_t stride = strideOf(columns);
  Buffer<float> buffer(rows * stride, std::numeric_limits<float>::quiet_NaN());
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      buffer[row * stride + column] = next();
  return buffer;
}

static int64_t bytesOf(const std::string &type) { return type == "f32" ? 4 : 2; }

/// Stores `value` as element `index` and returns what was stored.
static double storeElement(const std::string &type, Buffer<char> &storage, int64_t index,
                           float value) {
  const llvm::fltSemantics &semantics = type == "f32"    ? llvm::APFloat::IEEEsingle()
                                        : type == "bf16" ? llvm::APFloat::BFloat()
                                                         : llvm::APFloat::IEEEhalf();
  llvm::APFloat number(value);
  bool lost;
  number.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &lost);
  uint64_t bits = number.bitcastToAPInt().getZExtValue();
  std::memcpy(storage.data() + index * bytesOf(type), &bits, bytesOf(type));
  number.convert(llvm::APFloat::IEEEdouble(), llvm::APFloat::rmNearestTiesToEven, &lost);
  return number.convertToDouble();
}

Weight Weight::plain(Random &random, const std::string &type, int64_t count) {
  Weight weight = {type, {}, Buffer<char>(count * bytesOf(type))};
  for (int64_t i = 0; i < count; ++i)
    weight.values.push_back(storeElement(type, weight.storage, i, random.next()));
  return weight;
}

Weight Weight::packed(Random &random, const std::string &type, int64_t n, int64_t k, int64_t ways) {
  int64_t half = n / ways, width = 32 / ways, panels = (half + width - 1) / width;
  Weight weight = {type, std::vector<double>(n * k), Buffer<char>(panels * k * 32 * bytesOf(type))};
  for (int64_t row = 0; row < n; ++row)
    for (int64_t i = 0; i < k; ++i) {
      int64_t way = row / half, column = row % half;
      int64_t lane = way * 16 + column % width;
      int64_t index = (column / width * k + i) * 32 + lane;
      weight.values[row * k + i] = storeElement(type, weight.storage, index, random.next());
    }
  return weight;
}
