//===- DTypeTest.cpp - element types --------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/DType.h"

#include <gtest/gtest.h>

using namespace qopt;

TEST(DType, NamesAndSizes) {
  EXPECT_EQ(safetensorsName(DType::BF16), "BF16");
  EXPECT_EQ(shortName(DType::BF16), "bf16");
  EXPECT_EQ(byteSize(DType::BF16), 2u);
  EXPECT_EQ(byteSize(DType::F8E4M3), 1u);
  EXPECT_EQ(byteSize(DType::I64), 8u);
  EXPECT_EQ(safetensorsName(DType::Bool), "BOOL");
  EXPECT_EQ(byteSize(DType::Bool), 1u);
}

TEST(DType, ParsesBothNamesOfEveryType) {
  for (size_t i = 0; i <= size_t(DType::Bool); ++i) {
    EXPECT_EQ(parseDType(safetensorsName(DType(i))), DType(i));
    EXPECT_EQ(parseDType(shortName(DType(i))), DType(i));
  }
  EXPECT_EQ(parseDType("F4"), std::nullopt);
  EXPECT_EQ(parseDType(""), std::nullopt);
}
