//===- ParamLeaves.cpp - parameters that are read or generated ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/ParamExpression.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/formats/RandomFill.h"
#include <cstring>

using namespace qopt;

ParamExpression::ParamExpression(DType dtype, llvm::ArrayRef<int64_t> shape)
    : elementType(dtype), dimensions(shape), columnCount(1) {
  for (int64_t dimension : shape.drop_front())
    columnCount *= dimension;
}

std::vector<float> qopt::readF32(const ParamExpression &expression, const Rect &rect) {
  std::vector<std::byte> bytes(rect.elements() * expression.elementBytes());
  expression.read(rect, bytes);
  std::vector<float> values(rect.elements());
  convertToF32(expression.dtype(), bytes, values);
  return values;
}

namespace {

class StoredParam : public ParamExpression {
public:
  StoredParam(const SafetensorsFile &file, const TensorInfo &tensor)
      : ParamExpression(tensor.dtype, llvm::ArrayRef(tensor.shape)), file(file), tensor(tensor) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    const std::byte *data = file.data(tensor).data();
    auto at = [&](int64_t row) {
      return data + (row * columns() + rect.column) * int64_t(elementBytes());
    };
    if (rect.columns == columns()) {
      std::memcpy(out.data(), at(rect.row), out.size());
      return;
    }
    size_t rowBytes = rect.columns * elementBytes();
    for (int64_t i = 0; i < rect.rows; ++i)
      std::memcpy(out.data() + i * rowBytes, at(rect.row + i), rowBytes);
  }

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }

  void collectSources(std::vector<MappedBytes> &sources) const override {
    sources.push_back({&file.mappedFile(), file.data(tensor)});
  }

private:
  const SafetensorsFile &file;
  const TensorInfo &tensor;
};

class RandomParam : public ParamExpression {
public:
  RandomParam(DType dtype, llvm::ArrayRef<int64_t> shape, const std::string &name, int64_t seed,
              double deviation)
      : ParamExpression(dtype, shape), key(randomTensorKey(uint64_t(seed), name)), seed(seed),
        deviation(deviation) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    size_t rowBytes = rect.columns * elementBytes();
    for (int64_t i = 0; i < rect.rows; ++i)
      randomFill(key, uint64_t((rect.row + i) * columns() + rect.column), float(deviation), dtype(),
                 out.subspan(i * rowBytes, rowBytes));
  }

  std::optional<GeneratedContents> generated() const override {
    return GeneratedContents{false, deviation, seed};
  }

  void collectSources(std::vector<MappedBytes> &) const override {}

private:
  uint64_t key;
  int64_t seed;
  double deviation;
};

class SplatParam : public ParamExpression {
public:
  SplatParam(DType dtype, llvm::ArrayRef<int64_t> shape, double value)
      : ParamExpression(dtype, shape), value(value) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    std::vector<float> values(rect.elements(), float(value));
    convertFromF32(values, dtype(), out);
  }

  std::optional<GeneratedContents> generated() const override {
    return GeneratedContents{true, value, 0};
  }

  void collectSources(std::vector<MappedBytes> &) const override {}

private:
  double value;
};

class NumbersParam : public ParamExpression {
public:
  NumbersParam(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<float> numbers)
      : ParamExpression(DType::F32, shape), numbers(numbers) {}

  void read(const Rect &rect, std::span<std::byte> out) const override {
    size_t rowBytes = rect.columns * sizeof(float);
    for (int64_t i = 0; i < rect.rows; ++i)
      std::memcpy(out.data() + i * rowBytes,
                  numbers.data() + (rect.row + i) * columns() + rect.column, rowBytes);
  }

  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &) const override {}

private:
  std::vector<float> numbers;
};

} // namespace

ParamExpressionPtr qopt::makeStoredParam(const SafetensorsFile &file, const TensorInfo &tensor) {
  return std::make_shared<StoredParam>(file, tensor);
}

ParamExpressionPtr qopt::makeRandomParam(DType dtype, llvm::ArrayRef<int64_t> shape,
                                         const std::string &name, int64_t seed, double deviation) {
  return std::make_shared<RandomParam>(dtype, shape, name, seed, deviation);
}

ParamExpressionPtr qopt::makeSplatParam(DType dtype, llvm::ArrayRef<int64_t> shape, double value) {
  return std::make_shared<SplatParam>(dtype, shape, value);
}

ParamExpressionPtr qopt::makeNumbersParam(llvm::ArrayRef<int64_t> shape,
                                          llvm::ArrayRef<float> numbers) {
  return std::make_shared<NumbersParam>(shape, numbers);
}
