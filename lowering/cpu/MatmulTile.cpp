//===- MatmulTile.cpp - the inner loops of a product ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/MatmulTile.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;
static constexpr int64_t kCacheLine = 64;
/// Steps of k for each turn of a loop.
static constexpr int64_t kUnroll = 4;

int64_t cpu::tileRows(CpuLevel level) {
  return traitsOf(level).accumulators / traitsOf(level).panelVectors;
}

/// Part of a function's name: where its weights come from.
static std::string sourceName(const MatmulGeometry &geometry) {
  std::string type;
  llvm::raw_string_ostream(type) << geometry.weightType;
  return llvm::formatv("{0}_ahead{1}", type, geometry.config.prefetch);
}

/// Requests the panel's row some bytes behind `address`.
static void prefetchRow(CodeBuilder &b, const MatmulGeometry &geometry, Value address,
                        bool intoL1) {
  int64_t distance = geometry.config.prefetch;
  if (distance == 0)
    return;
  for (int64_t line = 0; line < geometry.panelRowBytes(); line += kCacheLine)
    b.prefetch(b.bytes(address, distance + line), intoL1);
}

func::FuncOp cpu::matmulTile(EmittedModule &target, const MatmulGeometry &geometry, int64_t rows,
                             TileWeights kind, Location loc) {
  bool isStored = kind == TileWeights::Stored;
  Type weightType = isStored ? geometry.weightType : Float32Type::get(loc.getContext());
  std::string name =
      llvm::formatv("matmul_tile_{0}x{1}_k{2}_", rows, geometry.sumsStride(), geometry.k);
  name += isStored ? sourceName(geometry) : "cached";
  Builder types(loc.getContext());
  Type pointer = LLVM::LLVMPointerType::get(loc.getContext());
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], weights = arguments[1], sums = arguments[2], count = arguments[3];
    int64_t vectors = target.traits().panelVectors, stride = rowStride(geometry.k);
    Type f32 = b.getF32Type();
    for (int64_t lane = 0; lane < kPanelWidth; lane += vectors * kLanes) {
      auto sumAddress = [&](int64_t i) {
        return b.element(f32, sums,
                         i / vectors * geometry.sumsStride() + lane + i % vectors * kLanes);
      };
      Values initial;
      for (int64_t i = 0; i < rows * vectors; ++i)
        initial.push_back(b.loadVector(f32, sumAddress(i)));
      auto step = [&](Value k, ValueRange state) {
        Value row = b.element(weightType, weights, b.multiply(k, kPanelWidth));
        if (isStored && lane == 0)
          prefetchRow(b, geometry, row, /*intoL1=*/false);
        return b.outerProduct(
            rows, vectors, state,
            [&](int64_t r) { return b.load(f32, b.element(f32, x, b.add(k, r * stride))); },
            [&](int64_t v) {
              return b.loadVector(weightType, b.element(weightType, row, lane + v * kLanes));
            });
      };
      // Counts are blocks of k, which are multiples of 16, or what is left of k.
      Values final = b.unrolledLoop(count, kUnroll, std::gcd(geometry.k, kUnroll), initial, step);
      for (auto [i, sum] : llvm::enumerate(final))
        b.storeVector(sum, sumAddress(i));
    }
  };
  return target.helper(name, {pointer, pointer, pointer, types.getI64Type()}, loc, build);
}

func::FuncOp cpu::matmulRow(EmittedModule &target, const MatmulGeometry &geometry, int64_t streams,
                            Location loc) {
  Type type = geometry.weightType;
  std::string name =
      llvm::formatv("matmul_row_x{0}_k{1}_{2}", streams, geometry.k, sourceName(geometry));
  Type pointer = LLVM::LLVMPointerType::get(loc.getContext());
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], weights = arguments[1], sums = arguments[2];
    constexpr int64_t vectors = kPanelWidth / kLanes;
    Type f32 = b.getF32Type();
    auto step = [&](Value k, ValueRange state) {
      Value factor = b.broadcast(b.load(f32, b.element(f32, x, k)));
      Value firstRow = b.element(type, weights, b.multiply(k, kPanelWidth));
      Values next;
      for (int64_t stream = 0; stream < streams; ++stream) {
        Value row = b.element(type, firstRow, stream * geometry.k * kPanelWidth);
        prefetchRow(b, geometry, row, /*intoL1=*/true);
        for (int64_t v = 0; v < vectors; ++v) {
          Value panel = b.loadVector(type, b.element(type, row, v * kLanes));
          next.push_back(b.fma(factor, panel, state[stream * vectors + v]));
        }
      }
      return next;
    };
    Values zeros(streams * vectors, b.splat(0.0));
    Values sumsOut = b.unrolledLoop(b.i64(geometry.k), kUnroll, geometry.k, zeros, step);
    for (auto [i, sum] : llvm::enumerate(sumsOut))
      b.storeVector(sum, b.element(f32, sums, int64_t(i) * kLanes));
  };
  return target.helper(name, {pointer, pointer, pointer}, loc, build);
}
