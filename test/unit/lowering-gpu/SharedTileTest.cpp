//===- SharedTileTest.cpp - swizzled tiles are free of bank conflicts -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/SharedTile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"
#include <gtest/gtest.h>
#include <set>

using namespace mlir;
using namespace qopt::ptx;

namespace {

/// Evaluates offsets for constant lanes: expressions of constants fold.
class SharedTileTest : public testing::TestWithParam<int64_t> {
protected:
  SharedTileTest() : module(ModuleOp::create(UnknownLoc::get(&context))) {
    context.loadDialect<arith::ArithDialect>();
    b.setInsertionPointToEnd(module->getBody());
  }

  static int64_t valueOf(Scalar folded) {
    llvm::APInt value;
    EXPECT_TRUE(matchPattern(Value(folded), m_ConstantInt(&value)));
    return value.getSExtValue();
  }

  /// The 16-byte columns of the 128 bytes of all banks that eight accesses touch.
  static size_t countBankGroups(llvm::ArrayRef<int64_t> offsets) {
    std::set<int64_t> groups;
    for (int64_t offset : offsets)
      groups.insert(offset / 16 % 8);
    return groups.size();
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  PtxBuilder b{UnknownLoc::get(&context), &context};
};

} // namespace

TEST_P(SharedTileTest, everyChunkHasAPlaceOfItsOwn) {
  SharedTile tile(GetParam());
  std::set<int64_t> places;
  for (int64_t row = 0; row < 16; ++row)
    for (int64_t chunk = 0; chunk < tile.rowChunks(); ++chunk) {
      int64_t offset = valueOf(tile.offset(b.i32(row), b.i32(chunk)));
      EXPECT_EQ(offset / tile.rowBytes(), row);
      EXPECT_EQ(offset % 16, 0);
      places.insert(offset);
    }
  EXPECT_EQ(places.size(), size_t(16 * tile.rowChunks()));
}

TEST_P(SharedTileTest, matrixLoadsHitEveryBankOnce) {
  SharedTile tile(GetParam());
  for (int64_t chunk = 0; chunk < tile.rowChunks(); chunk += 2)
    for (int64_t matrix = 0; matrix < 4; ++matrix) { // eight lanes give the rows of one 8x8 tile
      llvm::SmallVector<int64_t> a, w;
      for (int64_t lane = 8 * matrix; lane < 8 * matrix + 8; ++lane) {
        a.push_back(valueOf(tile.offsetA(b.i32(lane), b.i32(16), chunk)));
        w.push_back(valueOf(tile.offsetB(b.i32(lane), b.i32(16), chunk)));
      }
      EXPECT_EQ(countBankGroups(a), 8u);
      EXPECT_EQ(countBankGroups(w), 8u);
    }
}

TEST_P(SharedTileTest, copiesHitEveryBankOnce) {
  SharedTile tile(GetParam());
  for (int64_t first = 0; first < 64; first += 8) { // eight lanes of a copy make 128 bytes
    llvm::SmallVector<int64_t> offsets;
    for (int64_t lane = first; lane < first + 8; ++lane)
      offsets.push_back(
          valueOf(tile.offset(b.i32(lane / tile.rowChunks()), b.i32(lane % tile.rowChunks()))));
    EXPECT_EQ(countBankGroups(offsets), 8u);
  }
}

/// The fragments of mma.m16n8k16 in the order of its operands, from the PTX manual: A is rows 0-7
/// and 8-15 of the first 8 columns, then of the second; B is both halves of the depth for one
/// column tile.
TEST_P(SharedTileTest, matricesComeInFragmentOrder) {
  SharedTile tile(GetParam());
  for (int64_t lane = 0; lane < 32; ++lane) {
    int64_t matrix = lane / 8, row = lane % 8;
    EXPECT_EQ(valueOf(tile.offsetA(b.i32(lane), b.i32(0), 2)),
              valueOf(tile.offset(b.i32(row + matrix % 2 * 8), b.i32(2 + matrix / 2))));
    EXPECT_EQ(valueOf(tile.offsetB(b.i32(lane), b.i32(0), 2)),
              valueOf(tile.offset(b.i32(row + matrix / 2 * 8), b.i32(2 + matrix % 2))));
  }
}

INSTANTIATE_TEST_SUITE_P(Columns, SharedTileTest, testing::Values(32, 64, 128, 256));
