//===- WeightLayoutTest.cpp - weights as the PTX kernel ABI has them ------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cuda/WeightLayout.h"

#include "runtime/formats/FloatConvert.h"
#include "test/unit/formats/TestSupport.h"

using namespace qopt;
using namespace qopt::test;

/// W[row, column], small integers that bf16 holds.
static float element(int64_t row, int64_t column) { return float(row % 16 * 16 + column % 13); }

namespace {

/// A weight of f32, f16 or bf16 with memory of its own.
struct Weight {
  DType dtype;
  std::vector<int64_t> shape;
  std::vector<std::byte> bytes;

  Weight(DType dtype, std::vector<int64_t> shape, const std::vector<float> &values)
      : dtype(dtype), shape(std::move(shape)), bytes(values.size() * byteSize(dtype)) {
    convertFromF32(values, dtype, bytes);
  }
  WeightView view() const { return {dtype, shape, bytes}; }
};

} // namespace

/// `P[p, k, w * (32 / ways) + j] = W[w * H + p * (32 / ways) + j, k]` (llm.pack).
static Weight pack(DType dtype, int64_t rows, int64_t depth, int64_t ways, bool isVector = false) {
  int64_t half = rows / ways, width = 32 / ways, panels = (half + width - 1) / width;
  std::vector<float> values(size_t(panels * depth * 32));
  for (int64_t p = 0; p < panels; ++p)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t w = 0; w < ways; ++w)
        for (int64_t j = 0; j < width; ++j)
          if (p * width + j < half)
            values[size_t((p * depth + k) * 32 + w * width + j)] =
                element(w * half + p * width + j, k);
  std::vector<int64_t> shape = {panels, depth, 32};
  if (isVector)
    shape = {panels, 32};
  return Weight(dtype, shape, values);
}

static WeightArgument rowsOf(int64_t ways, int64_t columns) {
  return {0, WeightForm::RowsBf16, ways, columns};
}

/// Writes all in parts of `step` rows, and expects W and zeros behind each row.
static void expectMatrix(const WeightLayout &layout, int64_t rows, int64_t depth, int64_t step) {
  ASSERT_EQ(layout.rows(), rows);
  int64_t stride = (depth + 31) / 32 * 32;
  ASSERT_EQ(layout.rowBytes(), uint64_t(stride * 2));
  std::vector<std::byte> bytes(layout.bytes(), std::byte(0xab));
  for (int64_t row = 0; row < rows; row += step)
    layout.write(row, std::span(bytes).subspan(size_t(row * stride * 2),
                                               size_t(std::min(step, rows - row) * stride * 2)));
  std::vector<float> values(bytes.size() / 2);
  convertToF32(DType::BF16, bytes, values);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < stride; ++column)
      ASSERT_EQ(values[size_t(row * stride + column)], column < depth ? element(row, column) : 0)
          << row << ", " << column;
}

TEST(WeightLayout, PanelsBecomeRows) {
  for (DType dtype : {DType::BF16, DType::F16, DType::F32})
    for (int64_t step : {1, 7, 128}) {
      Weight weight = pack(dtype, 70, 45, 1);
      expectMatrix({weight.view(), rowsOf(1, 70), "w"}, 70, 45, step);
    }
}

TEST(WeightLayout, BothWaysFollowEachOther) {
  for (int64_t step : {3, 16, 200}) {
    Weight weight = pack(DType::BF16, 2 * 37, 64, 2);
    expectMatrix({weight.view(), rowsOf(2, 37), "w"}, 74, 64, step);
  }
}

TEST(WeightLayout, TablesKeepPaddingRows) {
  Weight weight = pack(DType::BF16, 70, 32, 1);
  WeightLayout layout(weight.view(), rowsOf(1, 0), "w");
  EXPECT_EQ(layout.rows(), 96);
  std::vector<std::byte> row(layout.rowBytes());
  layout.write(95, row);
  EXPECT_EQ(row, std::vector<std::byte>(row.size()));
}

TEST(WeightLayout, PlainMatricesArePadded) {
  std::vector<float> values;
  for (int64_t i = 0; i < 9 * 33; ++i)
    values.push_back(element(i / 33, i % 33));
  Weight weight(DType::F32, {9, 33}, values);
  expectMatrix({weight.view(), rowsOf(1, 9), "w"}, 9, 33, 4);
}

TEST(WeightLayout, VectorsBecomeF32) {
  WeightArgument argument{0, WeightForm::VectorF32, 1, 40};
  Weight packed = pack(DType::BF16, 40, 1, 1, true);
  WeightLayout layout(packed.view(), argument, "b");
  ASSERT_EQ(layout.bytes(), 64 * sizeof(float));
  std::vector<std::byte> bytes(layout.bytes(), std::byte(0xab));
  layout.write(0, bytes);
  const float *values = reinterpret_cast<const float *>(bytes.data());
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], i < 40 ? element(i, 0) : 0) << i;
}

TEST(WeightLayout, StoredBytesAreCopied) {
  Weight weight(DType::F32, {3}, {1, 2, 3});
  WeightLayout layout(weight.view(), {0, WeightForm::Stored}, "w");
  std::vector<std::byte> bytes(layout.bytes());
  layout.write(0, bytes);
  EXPECT_EQ(bytes, weight.bytes);
}

TEST(WeightLayout, WhatDoesNotFitIsRefused) {
  Weight weight = pack(DType::BF16, 64, 8, 1);
  expectContains(errorOf([&] { WeightLayout(weight.view(), rowsOf(1, 65), "w.qmod: weight 'w'"); }),
                 {"w.qmod: weight 'w'", "[2, 8, 32]", "65 rows"});
  expectContains(
      errorOf([&] { WeightLayout(weight.view(), {0, WeightForm::VectorF32, 1, 0}, "w"); }),
      {"[2, 8, 32]", "vector"});
  int64_t shape[] = {4, 4};
  std::vector<std::byte> codes(16);
  expectContains(errorOf([&] { WeightLayout({DType::I8, shape, codes}, rowsOf(1, 4), "w"); }),
                 {"i8"});
}
