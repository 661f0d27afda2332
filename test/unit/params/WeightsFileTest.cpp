//===- WeightsFileTest.cpp - parameters written by several threads --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/WeightsFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/RandomFill.h"
#include "test/unit/params/TemporaryDirectory.h"
#include <cstring>
#include <gtest/gtest.h>

using namespace qopt;

namespace {

class FailingParam : public ParamExpression {
public:
  FailingParam() : ParamExpression(DType::F32, {1 << 20, 8}) {}
  void read(const Rect &rect, std::span<std::byte>) const override {
    if (rect.row > 0)
      fail("row {} is lost", rect.row);
  }
  std::optional<GeneratedContents> generated() const override { return std::nullopt; }
  void collectSources(std::vector<MappedBytes> &) const override {}
};

} // namespace

/// Tensors of many pieces, of one, and of less than an alignment, whatever the number of threads.
TEST(WeightsFile, HoldsWhatTheParametersAre) {
  TemporaryDirectory directory;
  std::vector<NamedParam> params = {
      {"large", makeRandomParam(DType::F32, {3001, 1000}, "large", 1, 1)},
      {"small", makeRandomParam(DType::BF16, {3}, "small", 1, 1)},
      {"wide", makeRandomParam(DType::F32, {2, 1 << 20}, "wide", 1, 1)}};
  for (unsigned threads : {1, 3}) {
    std::string path = directory.file("w.safetensors");
    writeWeightsFile(path, params, threads);
    SafetensorsFile file(path);
    for (const NamedParam &param : params) {
      const TensorInfo &tensor = file.get(param.name);
      EXPECT_EQ(tensor.dtype, param.value->dtype());
      EXPECT_EQ(llvm::ArrayRef(tensor.shape), param.value->shape());
      EXPECT_EQ(tensor.offset % 64, 0u);
      std::vector<std::byte> expected(tensor.size);
      randomFill(randomTensorKey(1, param.name), 0, 1, tensor.dtype, expected);
      EXPECT_EQ(std::memcmp(file.data(tensor).data(), expected.data(), tensor.size), 0);
    }
  }
}

TEST(WeightsFile, ErrorsLeaveNoFile) {
  TemporaryDirectory directory;
  std::vector<NamedParam> params = {{"lost", std::make_shared<FailingParam>()}};
  EXPECT_THROW(writeWeightsFile(directory.file("w.safetensors"), params, 2), Error);
  EXPECT_FALSE(std::filesystem::exists(directory.file("w.safetensors")));
}
