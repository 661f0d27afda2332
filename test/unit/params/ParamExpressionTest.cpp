//===- ParamExpressionTest.cpp - parameters, whole and in parts -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamExpression.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/RandomFill.h"
#include "runtime/formats/SafetensorsWriter.h"
#include "test/unit/params/TemporaryDirectory.h"
#include <cmath>
#include <cstring>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

/// A file with an f32 matrix `[rows, columns]` whose element (r, c) is `1000 r + c + base`: small
/// integers, exact in f32.
class Matrix {
public:
  Matrix(int64_t rows, int64_t columns, float base = 0) : rows(rows), columns(columns) {
    for (int64_t i = 0; i < rows * columns; ++i)
      values.push_back(1000 * float(i / columns) + float(i % columns) + base);
    SafetensorsWriter writer(directory.file("m.safetensors"), {{"m", DType::F32, {rows, columns}}});
    writer.write(0, 0, std::as_bytes(std::span(values)));
    writer.commit();
    file.emplace(directory.file("m.safetensors"));
  }

  ParamExpressionPtr param() const { return makeStoredParam(*file, file->get("m")); }
  float at(int64_t row, int64_t column) const { return values[row * columns + column]; }

  const int64_t rows, columns;

private:
  TemporaryDirectory directory;
  std::vector<float> values;
  std::optional<SafetensorsFile> file;
};

} // namespace

template <typename T> static std::vector<T> read(const ParamExpression &value, const Rect &rect) {
  std::vector<T> out(rect.elements());
  value.read(rect, std::as_writable_bytes(std::span(out)));
  return out;
}

template <typename T> static std::vector<T> readAll(const ParamExpression &value) {
  return read<T>(value, {0, value.rows(), 0, value.columns()});
}

TEST(ParamExpression, StoredParts) {
  Matrix matrix(7, 5);
  std::vector<float> part = read<float>(*matrix.param(), {2, 3, 1, 4});
  for (int64_t r = 0; r < 3; ++r)
    for (int64_t c = 0; c < 4; ++c)
      EXPECT_EQ(part[r * 4 + c], matrix.at(2 + r, 1 + c));
}

TEST(ParamExpression, TransposedParts) {
  Matrix matrix(70, 130);
  ParamExpressionPtr value = makeTransposed(matrix.param());
  ASSERT_EQ(value->rows(), 130);
  std::vector<float> part = read<float>(*value, {3, 120, 2, 60});
  for (int64_t r = 0; r < 120; ++r)
    for (int64_t c = 0; c < 60; ++c)
      ASSERT_EQ(part[r * 60 + c], matrix.at(2 + c, 3 + r));
}

TEST(ParamExpression, ConcatAcrossOperands) {
  Matrix a(3, 4, 0.25f), b(2, 4, 0.5f), c(4, 4, 0.75f);
  ParamExpressionPtr value = makeConcat({a.param(), b.param(), c.param()}, {9, 4});
  std::vector<float> part = read<float>(*value, {2, 5, 1, 2}); // a's last, b, c's first two
  const Matrix *sources[] = {&a, &b, &b, &c, &c};
  const int64_t rows[] = {2, 0, 1, 0, 1};
  for (int64_t r = 0; r < 5; ++r)
    for (int64_t k = 0; k < 2; ++k)
      EXPECT_EQ(part[r * 2 + k], sources[r]->at(rows[r], 1 + k));
}

TEST(ParamExpression, CastRounds) {
  Matrix matrix(3, 5, 0.3f);
  std::vector<uint16_t> values = readAll<uint16_t>(*makeCast(matrix.param(), DType::BF16));
  for (int64_t i = 0; i < 15; ++i)
    EXPECT_EQ(values[i], f32ToBf16(matrix.at(i / 5, i % 5)));
}

/// The definition of llm.pack: `P[p, k, 16w + j] = W[w H + 16p + j, k]` for two ways, and
/// `P[p, k, j] = W[32p + j, k]` for one.
static void expectPacked(int64_t rows, int64_t depth, int64_t ways) {
  Matrix matrix(rows, depth, 0.5f);
  int64_t width = 32 / ways, wayRows = rows / ways, panels = (wayRows + width - 1) / width;
  ParamExpressionPtr value = makePacked(matrix.param(), {panels, depth, 32}, ways);
  std::vector<float> packed = readAll<float>(*value);
  for (int64_t p = 0; p < panels; ++p)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t lane = 0; lane < 32; ++lane) {
        int64_t way = lane / width, row = width * p + lane % width;
        float expected = row < wayRows ? matrix.at(way * wayRows + row, k) : 0;
        ASSERT_EQ(packed[(p * depth + k) * 32 + lane], expected) << p << ' ' << k << ' ' << lane;
      }
  // A panel alone is the same.
  std::vector<float> last = read<float>(*value, {panels - 1, 1, 0, value->columns()});
  EXPECT_EQ(std::memcmp(last.data(), &packed[(panels - 1) * depth * 32], depth * 32 * 4), 0);
}

TEST(ParamExpression, Packed) {
  expectPacked(64, 5, 1);
  expectPacked(37, 130, 1);
  expectPacked(64, 7, 2);
  expectPacked(40, 3, 2); // halves of 20 rows: the second panel has 4 of each
  expectPacked(1, 1, 1);
}

TEST(ParamExpression, PackedVector) {
  Matrix vector(50, 1);
  std::vector<float> packed = readAll<float>(*makePacked(vector.param(), {2, 32}, 1));
  for (int64_t i = 0; i < 64; ++i)
    EXPECT_EQ(packed[i], i < 50 ? vector.at(i, 0) : 0);
}

TEST(ParamExpression, RandomParts) {
  ParamExpressionPtr value = makeRandomParam(DType::F32, {6, 10}, "w", 7, 0.02);
  std::vector<float> whole(60);
  randomFill(randomTensorKey(7, "w"), 0, 0.02f, DType::F32,
             std::as_writable_bytes(std::span(whole)));
  std::vector<float> part = read<float>(*value, {1, 4, 3, 5});
  for (int64_t r = 0; r < 4; ++r)
    for (int64_t c = 0; c < 5; ++c)
      EXPECT_EQ(part[r * 5 + c], whole[(1 + r) * 10 + 3 + c]);
}

TEST(ParamExpression, GeneratedStaysGenerated) {
  ParamExpressionPtr a = makeRandomParam(DType::F32, {64, 4}, "a", 7, 0.03);
  ParamExpressionPtr b = makeRandomParam(DType::F32, {192, 4}, "b", 7, 0.01);
  std::optional<GeneratedContents> contents =
      makePacked(makeCast(makeConcat({a, b}, {256, 4}), DType::BF16), {8, 4, 32}, 1)->generated();
  ASSERT_TRUE(contents);
  EXPECT_FALSE(contents->isSplat);
  EXPECT_EQ(contents->seed, 7);
  EXPECT_NEAR(contents->value, std::sqrt(0.25 * 9e-4 + 0.75 * 1e-4), 1e-12);

  ParamExpressionPtr one = makeSplatParam(DType::BF16, {64}, 1);
  EXPECT_EQ(makePacked(one, {2, 32}, 1)->generated()->value, 1);
}

TEST(ParamExpression, MixturesAreStored) {
  Matrix matrix(3, 4);
  ParamExpressionPtr random = makeRandomParam(DType::F32, {2, 4}, "a", 7, 0.02);
  ParamExpressionPtr other = makeRandomParam(DType::F32, {2, 4}, "b", 8, 0.02);
  ParamExpressionPtr zero = makeSplatParam(DType::F32, {2, 4}, 0);
  ParamExpressionPtr one = makeSplatParam(DType::F32, {2, 4}, 1);
  EXPECT_FALSE(matrix.param()->generated());
  EXPECT_FALSE(makeConcat({random, other}, {4, 4})->generated());
  EXPECT_FALSE(makeConcat({random, zero}, {4, 4})->generated());
  EXPECT_FALSE(makeConcat({zero, one}, {4, 4})->generated());
  EXPECT_FALSE(makeConcat({zero, matrix.param()}, {5, 4})->generated());

  std::vector<float> values = readAll<float>(*makeConcat({zero, matrix.param(), one}, {7, 4}));
  EXPECT_EQ(values[7], 0);
  EXPECT_EQ(values[8], matrix.at(0, 0));
  EXPECT_EQ(values[27], 1);
}
