//===- MatmulTile.cpp - the inner loops of a product ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/MatmulTile.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

static constexpr int64_t kPanelWidth = llm::PackOp::kPanelWidth;
int64_t cpu::tileRows(CpuLevel level) {
  return traitsOf(level).accumulators / traitsOf(level).panelVectors;
}

/// Part of a function's name: where its weights come from.
static std::string sourceName(const MatmulGeometry &geometry) {
  return llvm::formatv("{0}_ahead{1}", geometry.weight.name(), geometry.config.prefetch);
}

/// Pointers to x and sums, whatever else, and to weights with their parameters.
static SmallVector<Type> argumentTypes(CodeBuilder &b, const PanelFormat &format,
                                       ArrayRef<Type> others) {
  SmallVector<Type> types = {b.pointerType(), b.pointerType()};
  llvm::append_range(types, others);
  types.append(1 + (format.isCodes() ? format.scheme.parameterCount() : 0), b.pointerType());
  return types;
}

func::FuncOp cpu::matmulTile(EmittedModule &target, const MatmulGeometry &geometry, int64_t rows,
                             TileWeights kind, Location loc) {
  bool isStored = kind == TileWeights::Stored;
  CodeBuilder types(loc, loc.getContext());
  PanelFormat format =
      isStored ? geometry.weight : PanelFormat::floats(types.getF32Type(), geometry.k());
  std::string name =
      llvm::formatv("matmul_tile_{0}x{1}_k{2}_", rows, geometry.sumsStride(), geometry.k());
  name += isStored ? sourceName(geometry) : "cached";
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], sums = arguments[1], count = arguments[2];
    PanelPointers weights = PanelPointers::fromValues(arguments.drop_front(3));
    int64_t vectors = target.traits().panelVectors, stride = rowStride(geometry.k());
    // Counts are blocks of k or what is left of it.
    int64_t multiple = std::gcd(geometry.k(), geometry.kBlock());
    Type f32 = b.getF32Type();
    for (int64_t lane = 0; lane < kPanelWidth; lane += vectors * kLanes) {
      auto sumAddress = [&](int64_t i) {
        return b.element(f32, sums,
                         i / vectors * geometry.sumsStride() + lane + i % vectors * kLanes);
      };
      Values initial;
      for (int64_t i = 0; i < rows * vectors; ++i)
        initial.push_back(b.loadVector(f32, sumAddress(i)));
      Prefetch prefetch;
      if (isStored && lane == 0)
        prefetch.distance = geometry.config.prefetch;
      PanelReader reader(b, target.level, format, weights, /*streams=*/1, prefetch);
      auto step = [&](Value k, PanelReader::Load load, ValueRange state) {
        return b.outerProduct(
            rows, vectors, state,
            [&](int64_t r) { return b.load(f32, b.element(f32, x, b.add(k, r * stride))); },
            [&](int64_t v) { return load(0, lane + v * kLanes); });
      };
      Values final = reader.forEachK(count, multiple, initial, step);
      for (auto [i, sum] : llvm::enumerate(final))
        b.storeVector(sum, sumAddress(i));
    }
  };
  return target.helper(name, argumentTypes(types, format, types.getI64Type()), loc, build);
}

func::FuncOp cpu::matmulRow(EmittedModule &target, const MatmulGeometry &geometry, int64_t streams,
                            Location loc) {
  std::string name =
      llvm::formatv("matmul_row_x{0}_k{1}_{2}", streams, geometry.k(), sourceName(geometry));
  auto build = [&](CodeBuilder &b, ValueRange arguments) {
    Value x = arguments[0], sums = arguments[1];
    constexpr int64_t vectors = kPanelWidth / kLanes;
    Type f32 = b.getF32Type();
    PanelReader reader(b, target.level, geometry.weight,
                       PanelPointers::fromValues(arguments.drop_front(2)), streams,
                       {geometry.config.prefetch, /*intoL1=*/true});
    auto step = [&](Value k, PanelReader::Load load, ValueRange state) {
      Value factor = b.broadcast(b.load(f32, b.element(f32, x, k)));
      Values next;
      for (auto [i, sum] : llvm::enumerate(state))
        next.push_back(
            b.fma(factor, load(int64_t(i) / vectors, int64_t(i) % vectors * kLanes), sum));
      return next;
    };
    Values zeros(streams * vectors, b.splat(0.0));
    Values result = reader.forEachK(b.i64(geometry.k()), geometry.k(), zeros, step);
    for (auto [i, sum] : llvm::enumerate(result))
      b.storeVector(sum, b.element(f32, sums, int64_t(i) * kLanes));
  };
  CodeBuilder types(loc, loc.getContext());
  return target.helper(name, argumentTypes(types, geometry.weight, {}), loc, build);
}
