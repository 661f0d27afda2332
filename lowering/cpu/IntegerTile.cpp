//===- IntegerTile.cpp - the inner loops of an integer product ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/IntegerTile.h"
#include "lowering/cpu/CodeInterleaver.h"
#include "lowering/cpu/IntegerDot.h"
#include "lowering/cpu/ParameterReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;
static constexpr int64_t kCacheLine = 64;
/// Codes of one column that a product takes together.
static constexpr int64_t kQuad = 4;
static constexpr int64_t kUnroll = 4;

int64_t cpu::integerTileRows(CpuLevel level) { return level == CpuLevel::Avx512 ? 12 : 4; }
int64_t cpu::integerStreams(CpuLevel level) { return level == CpuLevel::Avx512 ? 4 : 1; }

static SmallVector<Type> pointers(Location loc, size_t count) {
  return SmallVector<Type>(count, LLVM::LLVMPointerType::get(loc.getContext()));
}

static Value zeros(CodeBuilder &b, int64_t lanes) {
  return arith::ConstantOp::create(b, b.getZeroAttr(VectorType::get(lanes, b.getI32Type())));
}

static void prefetch(CodeBuilder &b, const IntegerGeometry &geometry, Value address, int64_t bytes,
                     bool intoL1) {
  if (geometry.config.prefetch == 0)
    return;
  for (int64_t line = 0; line < bytes; line += kCacheLine)
    b.prefetch(b.bytes(address, geometry.config.prefetch + line), intoL1);
}

//===----------------------------------------------------------------------===//
// Blocks of k
//===----------------------------------------------------------------------===//

namespace {

/// From the integer sums of a block of k to f32 sums.
class BlockScaler {
public:
  BlockScaler(CodeBuilder &b, const IntegerGeometry &geometry) : b(b), geometry(geometry) {}

  Value scales, zeros; ///< of a panel
  Value codeSums;      ///< of a row, [blocks]
  Value xScales;       ///< of a row, [groups]

  /// `sum` plus what 16 columns from `column` on gain by `products` in `block`.
  Value add(Value sum, Value products, Value block, int64_t column);

private:
  Value parameter(Value pointer, Value block, int64_t column);
  Value codeSum(Value block);

  CodeBuilder &b;
  const IntegerGeometry &geometry;
};

} // namespace

/// A scale or zero of each of 16 columns.
Value BlockScaler::parameter(Value pointer, Value block, int64_t column) {
  Value group = b.divide(block, geometry.blocks() / geometry.weightGroups);
  return ParameterReader(b, geometry.weight).load(pointer, group, column);
}

Value BlockScaler::codeSum(Value block) {
  Value sum = b.load(b.getI32Type(), b.element(b.getI32Type(), codeSums, block));
  return vector::BroadcastOp::create(b, VectorType::get(kLanes, b.getI32Type()), sum);
}

Value BlockScaler::add(Value sum, Value products, Value block, int64_t column) {
  auto i32s = VectorType::get(kLanes, b.getI32Type());
  Value added = arith::ConstantOp::create(
      b, DenseElementsAttr::get(i32s, b.getI32IntegerAttr(int32_t(geometry.offset))));
  if (geometry.zero == q::ZeroPoint::Integer)
    added = arith::AddIOp::create(
        b, added, arith::FPToSIOp::create(b, i32s, parameter(zeros, block, column)));
  if (geometry.offset != 0 || geometry.zero == q::ZeroPoint::Integer)
    products = arith::SubIOp::create(b, products, arith::MulIOp::create(b, codeSum(block), added));
  Value value = arith::SIToFPOp::create(b, b.vectorType(), products), xScale;
  if (geometry.xGroups > 1) {
    Value group = b.divide(block, geometry.blocks() / geometry.xGroups);
    xScale = b.broadcast(b.load(b.getF32Type(), b.element(b.getF32Type(), xScales, group)));
  }
  auto scaled = [&](Value factor) { return xScale ? b.mulf(factor, xScale) : factor; };
  sum = b.fma(value, scaled(parameter(scales, block, column)), sum);
  if (geometry.zero == q::ZeroPoint::Minimum) {
    Value codes = arith::SIToFPOp::create(b, b.vectorType(), codeSum(block));
    sum = b.fma(codes, scaled(parameter(zeros, block, column)), sum);
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Preparation
//===----------------------------------------------------------------------===//

func::FuncOp cpu::codeSums(EmittedModule &target, const IntegerGeometry &geometry, Location loc) {
  int64_t size = geometry.blockSize(), blocks = geometry.blocks();
  std::string name = llvm::formatv("code_sums_{0}x{1}", blocks, size);
  // Whole vectors where no block follows in the last one: rows are padded to 32.
  int64_t step = blocks == 1 || size % 32 == 0 ? 32 : kQuad;
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    IntegerDot dot(b, target.level);
    auto bytes = VectorType::get(32, b.getI8Type());
    auto ones = [&](int64_t count) {
      SmallVector<int8_t> values(32, 0);
      std::fill_n(values.begin(), count, 1);
      return arith::ConstantOp::create(b, DenseElementsAttr::get(bytes, ArrayRef(values)));
    };
    b.loop(b.i64(0), b.i64(blocks), 1, [&](Value block) {
      Value x = b.bytes(arguments[0], b.multiply(block, size));
      auto add = [&](Value k, Value sum, int64_t count) {
        Value from = b.bytes(x, k);
        IntegerDot::Signed codes =
            step == kQuad ? dot.broadcast(from, 8) : dot.prepare(b.load(bytes, from));
        return dot.add(sum, ones(count), codes);
      };
      // Four chains, as each instruction waits for the one before it in its chain.
      constexpr int64_t kChains = 4;
      int64_t whole = size - size % step, turns = whole - whole % (kChains * step);
      Values sums = b.loop(b.i64(0), b.i64(turns), kChains * step, Values(kChains, zeros(b, 8)),
                           [&](Value k, ValueRange state) {
                             Values next;
                             for (int64_t i = 0; i < kChains; ++i)
                               next.push_back(add(b.add(k, i * step), state[i], step));
                             return next;
                           });
      for (int64_t k = turns; k < size; k += step) {
        Value &sum = sums[(k - turns) / step];
        sum = add(b.i64(k), sum, std::min(step, size - k));
      }
      Value all = sums[0];
      for (Value sum : ArrayRef(sums).drop_front())
        all = arith::AddIOp::create(b, all, sum);
      b.store(vector::ReductionOp::create(b, vector::CombiningKind::ADD, all),
              b.element(b.getI32Type(), arguments[1], block));
    });
  };
  return target.helper(name, pointers(loc, 2), loc, build);
}

func::FuncOp cpu::unpackPanel(EmittedModule &target, const IntegerGeometry &geometry,
                              Location loc) {
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    CodeInterleaver codes(b, geometry.bits, geometry.offset != 0);
    auto unpack = [&](Value quad, int64_t available) {
      Value from = b.bytes(arguments[0], b.multiply(quad, codes.bytes()));
      prefetch(b, geometry, from, codes.bytes(), /*intoL1=*/false);
      Value to = b.bytes(arguments[1], b.multiply(quad, kQuad * kPanelWidth));
      Values lanes;
      for (Value vector : codes.load(from, available))
        lanes.push_back(vector::BitCastOp::create(b, VectorType::get(8, b.getI32Type()), vector));
      for (auto [i, vector] : llvm::enumerate(CodeInterleaver::inOrder(b, lanes)))
        b.store(vector, b.bytes(to, int64_t(i) * kLanes * kQuad));
    };
    int64_t whole = geometry.k / kQuad, rest = geometry.k % kQuad;
    b.loop(b.i64(0), b.i64(whole), 1, [&](Value quad) { unpack(quad, kQuad); });
    if (rest != 0)
      unpack(b.i64(whole), rest);
  };
  return target.helper("unpack_panel_" + geometry.key(), pointers(loc, 2), loc, build);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

func::FuncOp cpu::integerTile(EmittedModule &target, const IntegerGeometry &geometry, int64_t rows,
                              Location loc) {
  int64_t vectors = target.traits().panelVectors, stride = rowStride(geometry.k);
  int64_t blocks = geometry.blocks(), quads = llvm::divideCeil(geometry.blockSize(), kQuad);
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], weights = arguments[1], sums = arguments[6];
    IntegerDot dot(b, target.level);
    BlockScaler scaler(b, geometry);
    scaler.scales = arguments[2];
    scaler.zeros = arguments[3];
    auto multiply = [&](Value block, int64_t lane) {
      Value blockX = b.bytes(x, b.multiply(block, geometry.blockSize()));
      Value blockWeights = b.bytes(weights, b.multiply(block, quads * kQuad * kPanelWidth));
      auto step = [&](Value quad, ValueRange state) {
        Values next(state), columns;
        Value from = b.bytes(blockWeights, b.multiply(quad, kQuad * kPanelWidth));
        for (int64_t v = 0; v < vectors; ++v)
          columns.push_back(b.load(VectorType::get(kQuad * kLanes, b.getI8Type()),
                                   b.bytes(from, (lane + v * kLanes) * kQuad)));
        for (int64_t r = 0; r < rows; ++r) {
          IntegerDot::Signed codes =
              dot.broadcast(b.bytes(blockX, b.add(b.multiply(quad, kQuad), r * stride)), kLanes);
          for (int64_t v = 0; v < vectors; ++v)
            next[r * vectors + v] = dot.add(next[r * vectors + v], columns[v], codes);
        }
        return next;
      };
      Values products = b.unrolledLoop(b.i64(quads), kUnroll, quads,
                                       Values(rows * vectors, zeros(b, kLanes)), step);
      for (auto [i, product] : llvm::enumerate(products)) {
        int64_t r = i / vectors, column = lane + i % vectors * kLanes;
        scaler.codeSums = b.element(b.getI32Type(), arguments[4], r * blocks);
        scaler.xScales = b.element(b.getF32Type(), arguments[5], r * rowStride(geometry.xGroups));
        Value address = b.element(b.getF32Type(), sums, r * geometry.sumsStride() + column);
        Value sum = blocks == 1 ? b.splat(0) : b.loadVector(b.getF32Type(), address);
        b.storeVector(scaler.add(sum, product, block, column), address);
      }
    };
    b.loop(b.i64(0), b.i64(blocks), 1, [&](Value block) {
      for (int64_t lane = 0; lane < kPanelWidth; lane += vectors * kLanes)
        multiply(block, lane);
    });
  };
  std::string name = llvm::formatv("integer_tile_{0}_{1}", rows, geometry.key());
  return target.helper(name, pointers(loc, 7), loc, build);
}

func::FuncOp cpu::integerRow(EmittedModule &target, const IntegerGeometry &geometry,
                             int64_t streams, Location loc) {
  constexpr int64_t kParts = 4, kVectors = kPanelWidth / kLanes;
  int64_t blocks = geometry.blocks(), size = geometry.blockSize();
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], weights = arguments[1];
    IntegerDot dot(b, target.level);
    CodeInterleaver codes(b, geometry.bits, geometry.offset != 0);
    BlockScaler scaler(b, geometry);
    scaler.codeSums = arguments[4];
    scaler.xScales = arguments[5];
    auto multiply = [&](Value block, ValueRange state) {
      Value firstQuad = b.multiply(block, size / kQuad);
      auto step = [&](Value quad, ValueRange state, int64_t available) {
        Values next(state);
        quad = b.add(firstQuad, quad);
        IntegerDot::Signed factor = dot.broadcast(b.bytes(x, b.multiply(quad, kQuad)), 8);
        Value from = b.bytes(weights, b.multiply(quad, codes.bytes()));
        for (int64_t stream = 0; stream < streams; ++stream) {
          Value row = b.bytes(from, stream * geometry.weight.panelBytes());
          prefetch(b, geometry, row, codes.bytes(), /*intoL1=*/true);
          for (auto [i, vector] : llvm::enumerate(codes.load(row, available))) {
            Value &sum = next[stream * kParts + i];
            sum = dot.add(sum, vector, factor);
          }
        }
        return next;
      };
      int64_t whole = size / kQuad, rest = size % kQuad;
      Values products =
          b.unrolledLoop(b.i64(whole), 2, whole, Values(streams * kParts, zeros(b, 8)),
                         [&](Value quad, ValueRange state) { return step(quad, state, kQuad); });
      if (rest != 0)
        products = step(b.i64(whole), products, rest);
      Values next;
      for (int64_t stream = 0; stream < streams; ++stream) {
        auto parameters = [&](Value pointer) {
          return b.bytes(pointer, stream * geometry.weight.parameterBytes());
        };
        scaler.scales = parameters(arguments[2]);
        scaler.zeros = parameters(arguments[3]);
        auto parts = ArrayRef(products).slice(stream * kParts, kParts);
        for (auto [v, product] : llvm::enumerate(CodeInterleaver::inOrder(b, parts)))
          next.push_back(
              scaler.add(state[stream * kVectors + v], product, block, int64_t(v) * kLanes));
      }
      return next;
    };
    Values sums =
        b.loop(b.i64(0), b.i64(blocks), 1, Values(streams * kVectors, b.splat(0)), multiply);
    for (auto [i, sum] : llvm::enumerate(sums))
      b.storeVector(sum, b.element(b.getF32Type(), arguments[6], int64_t(i) * kLanes));
  };
  std::string name = llvm::formatv("integer_row_x{0}_{1}", streams, geometry.key());
  return target.helper(name, pointers(loc, 7), loc, build);
}
