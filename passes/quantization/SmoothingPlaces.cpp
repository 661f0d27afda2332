//===- SmoothingPlaces.cpp - where activations can be made smoother -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/SmoothingPlaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt;

using Kind = SmoothingPlace::Kind;

SmallVector<Value> SmoothingPlace::producerParameters() const {
  SmallVector<Value> parameters;
  llvm::TypeSwitch<Operation *>(producer)
      .Case([&](llm::RmsNormOp norm) { parameters = {norm.getWeight()}; })
      .Case([&](llm::LayerNormOp norm) { parameters = {norm.getWeight(), norm.getBias()}; })
      .Case([&](llm::LinearOp linear) {
        parameters = {linear.getWeight()};
        if (linear.getBias())
          parameters.push_back(linear.getBias());
      });
  return parameters;
}

/// The linears that read `value`, if all its users do.
static std::optional<SmallVector<llm::LinearOp>> linearsOf(Value value) {
  SmallVector<llm::LinearOp> linears;
  for (Operation *user : value.getUsers()) {
    auto linear = dyn_cast<llm::LinearOp>(user);
    if (!linear || linear.getX() != value)
      return std::nullopt;
    linears.push_back(linear);
  }
  std::reverse(linears.begin(), linears.end()); // uses are listed from the last
  if (linears.empty())
    return std::nullopt;
  return linears;
}

static llm::KvAppendOp findAppend(func::FuncOp function, FlatSymbolRefAttr cache) {
  for (auto append : function.getOps<llm::KvAppendOp>())
    if (append.getCacheAttr() == cache)
      return append;
  return {};
}

static std::optional<SmoothingPlace> placeAt(llm::AttentionOp attention) {
  auto function = attention->getParentOfType<func::FuncOp>();
  llm::KvAppendOp append = findAppend(function, attention.getCacheAttr());
  auto linears = linearsOf(attention.getResult());
  auto cache =
      SymbolTable::lookupNearestSymbolFrom<llm::CacheOp>(attention, attention.getCacheAttr());
  if (!append || !linears || !append.getV().hasOneUse())
    return std::nullopt;
  SmoothingPlace place{
      Kind::AttentionOutput,
      *linears,
      append.getV().getDefiningOp(),
      0,
      {int64_t(attention.getHeads() / cache.getKvHeads()), int64_t(cache.getHeadDim())}};
  if (auto slice = dyn_cast_or_null<llm::SliceOp>(place.producer)) {
    place.offset = slice.getOffset();
    place.producer = slice.getX().getDefiningOp();
  }
  if (!isa_and_nonnull<llm::LinearOp>(place.producer))
    return std::nullopt;
  return place;
}

static std::optional<SmoothingPlace> placeAt(llm::MulOp product) {
  auto linears = linearsOf(product.getResult());
  if (!linears)
    return std::nullopt;
  for (auto [gate, up] : {std::pair{product.getLhs(), product.getRhs()},
                          std::pair{product.getRhs(), product.getLhs()}})
    if (gate.getDefiningOp<llm::SiluOp>() || gate.getDefiningOp<llm::GeluOp>())
      if (up.getDefiningOp<llm::LinearOp>() && up.hasOneUse())
        return SmoothingPlace{Kind::GatedMlp, *linears, up.getDefiningOp(), 0, {}};
  return std::nullopt;
}

static std::optional<SmoothingPlace> placeAtNorm(Operation *norm) {
  if (auto linears = linearsOf(norm->getResult(0)))
    return SmoothingPlace{Kind::Norm, *linears, norm, 0, {}};
  return std::nullopt;
}

SmallVector<SmoothingPlace> qopt::findSmoothingPlaces(func::FuncOp function) {
  SmallVector<SmoothingPlace> places;
  function.walk([&](Operation *op) {
    std::optional<SmoothingPlace> place =
        llvm::TypeSwitch<Operation *, std::optional<SmoothingPlace>>(op)
            .Case<llm::RmsNormOp, llm::LayerNormOp>(
                [](Operation *norm) { return placeAtNorm(norm); })
            .Case<llm::AttentionOp, llm::MulOp>([](auto op) { return placeAt(op); })
            .Default([](Operation *) { return std::nullopt; });
    if (place)
      places.push_back(std::move(*place));
  });
  return places;
}
