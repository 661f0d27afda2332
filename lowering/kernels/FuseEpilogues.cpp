//===- FuseEpilogues.cpp - maps after a product move into its epilogue ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/Passes.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/IR/Remarks.h"

namespace qopt {
#define GEN_PASS_DEF_FUSEEPILOGUES
#include "lowering/kernels/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static bool isReadOnlyBy(Value value, Operation *user) {
  return llvm::all_of(value.getUsers(), [&](Operation *other) { return other == user; });
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

namespace {

/// Operands without duplicates and the region arguments they become.
class OperandList {
public:
  OperandList(Block &block, Location loc) : block(block), loc(loc) {}

  Value scalarFor(Value operand, int64_t offset = 0) {
    auto [it, isNew] = scalars.try_emplace({operand, offset});
    if (isNew) {
      it->second = block.addArgument(Float32Type::get(operand.getContext()), loc);
      operands.push_back(operand);
      offsets.push_back(offset);
    }
    return it->second;
  }

  SmallVector<Value> operands;
  SmallVector<int64_t> offsets;

private:
  Block &block;
  Location loc;
  DenseMap<std::pair<Value, int64_t>, Value> scalars;
};

} // namespace

//===----------------------------------------------------------------------===//
// Maps into maps
//===----------------------------------------------------------------------===//

/// The map that computes an input and can be computed on the fly instead: a slice, or what nothing
/// else reads.
static MapOp getJoinableProducer(MapOp map, Value input) {
  auto producer = input.getDefiningOp<MapOp>();
  if (producer && (isIdentity(producer.getBody()) || isReadOnlyBy(input, map)))
    return producer;
  return {};
}

static void eraseIfUnused(ArrayRef<Value> values) {
  llvm::SmallPtrSet<Operation *, 4> seen;
  for (Value value : values)
    if (Operation *op = value.getDefiningOp(); op && seen.insert(op).second && op->use_empty())
      op->erase();
}

/// The map with its producers' bodies in its own, or itself if there is nothing to join.
static MapOp joinProducers(MapOp map, llvm::Statistic &numMaps) {
  auto joins = [&](Value input) { return bool(getJoinableProducer(map, input)); };
  if (llvm::none_of(map.getInputs(), joins))
    return map;

  OpBuilder builder(map);
  Region region;
  Block &body = region.emplaceBlock();
  OperandList list(body, map.getLoc());
  builder.setInsertionPointToEnd(&body);
  SmallVector<Value> arguments, joined;
  for (auto [input, offset] : llvm::zip_equal(map.getInputs(), map.getOffsets())) {
    MapOp producer = getJoinableProducer(map, input);
    if (!producer) {
      arguments.push_back(list.scalarFor(input, offset));
      continue;
    }
    SmallVector<Value> scalars;
    for (auto [inner, innerOffset] : llvm::zip_equal(producer.getInputs(), producer.getOffsets()))
      scalars.push_back(list.scalarFor(inner, innerOffset + offset));
    arguments.push_back(inlineScalarRegion(builder, producer.getBody(), scalars));
    joined.push_back(input);
    ++numMaps;
  }
  YieldOp::create(builder, map.getLoc(), inlineScalarRegion(builder, map.getBody(), arguments));

  builder.setInsertionPoint(map);
  auto result = MapOp::create(builder, map.getLoc(), map.getType(), list.operands,
                              builder.getDenseI64ArrayAttr(list.offsets), DictionaryAttr(),
                              LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
  result.getBody().takeBody(region);
  map.replaceAllUsesWith(result.getResult());
  map.erase();
  eraseIfUnused(joined);
  return result;
}

//===----------------------------------------------------------------------===//
// Maps into products
//===----------------------------------------------------------------------===//

/// Whether both compute the same sums and differ in their epilogues only.
static bool haveSameSums(MatmulOp a, MatmulOp b) {
  return a.getX() == b.getX() && a.getXScales() == b.getXScales() &&
         a.getWeight() == b.getWeight() &&
         llvm::equal(a.getWeightParameters(), b.getWeightParameters()) &&
         a.getWays() == b.getWays() && a.getColumns() == b.getColumns();
}

namespace {

/// How a map moves into a product.
struct EpiloguePlan {
  MatmulOp product;
  /// For each input the product that computes it, or null if it is read as an extra.
  SmallVector<MatmulOp> producers;
};

} // namespace

static void explain(Operation *op, const Twine &reason) {
  remark::missed(op->getLoc(), remark::RemarkOpts::name("epilogue").category("fuse-epilogues"))
      << reason.str();
}

static std::optional<EpiloguePlan> planEpilogue(MapOp map) {
  EpiloguePlan plan;
  MatmulOp shared;
  for (Value input : map.getInputs()) {
    auto producer = input.getDefiningOp<MatmulOp>();
    if (producer && !isReadOnlyBy(input, map)) {
      shared = producer;
      producer = {};
    }
    if (producer && !plan.product)
      plan.product = producer;
    plan.producers.push_back(producer && haveSameSums(producer, plan.product) ? producer
                                                                              : MatmulOp());
  }
  if (!plan.product) {
    if (shared)
      explain(shared, "the product has other uses than the map that reads it");
    return std::nullopt;
  }
  for (auto [input, offset] : llvm::zip_equal(map.getInputs(), map.getOffsets()))
    if (offset != 0 || shapeOf(input) != shapeOf(map.getResult())) {
      explain(map, "the map reads only some columns of what it would be fused with");
      return std::nullopt;
    }
  return plan;
}

static void moveIntoProduct(MapOp map, EpiloguePlan &plan) {
  MatmulOp product = plan.product;
  OpBuilder builder(map);
  Region region;
  Block &body = region.emplaceBlock();
  builder.setInsertionPointToEnd(&body);
  for (uint64_t way = 0; way < product.getWays(); ++way)
    body.addArgument(builder.getF32Type(), product.getLoc());
  SmallVector<Value> sums(body.getArguments());
  OperandList extras(body, product.getLoc());
  for (MatmulOp producer : plan.producers)
    for (Value extra : producer ? ValueRange(producer.getExtras()) : ValueRange())
      extras.scalarFor(extra); // those that are there already come first

  SmallVector<Value> arguments, products;
  for (auto [input, producer] : llvm::zip_equal(map.getInputs(), plan.producers)) {
    if (!producer) {
      arguments.push_back(extras.scalarFor(input));
      continue;
    }
    SmallVector<Value> scalars = sums;
    for (Value extra : producer.getExtras())
      scalars.push_back(extras.scalarFor(extra));
    arguments.push_back(inlineScalarRegion(builder, producer.getEpilogue(), scalars));
    products.push_back(input);
  }
  YieldOp::create(builder, map.getLoc(), inlineScalarRegion(builder, map.getBody(), arguments));

  // At the map, where all extras are there.
  builder.setInsertionPoint(map);
  auto fused = MatmulOp::create(
      builder, product.getLoc(), map.getType(), product.getX(), product.getXScales(),
      product.getWeight(), product.getWeightParameters(), product.getWaysAttr(), extras.operands,
      product.getColumnsAttr(), product.getWeightSchemeAttr(), product.getXSchemeAttr(),
      DictionaryAttr(), LaunchAttr(), StringAttr(), DenseI64ArrayAttr());
  fused.getEpilogue().takeBody(region);
  map.replaceAllUsesWith(fused.getResult());
  map.erase();
  eraseIfUnused(products);
}

namespace {

class FuseEpiloguesPass : public qopt::impl::FuseEpiloguesBase<FuseEpiloguesPass> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (!isKernelFunction(function))
      return;
    // In order: what a map reads has taken its final form.
    for (auto map : llvm::make_early_inc_range(function.front().getOps<MapOp>())) {
      if (isIdentity(map.getBody()) && !map->use_empty() &&
          llvm::all_of(map->getUsers(), [](Operation *user) { return isa<MapOp>(user); }))
        continue; // its readers take it in
      MapOp joined = joinProducers(map, numMaps);
      if (std::optional<EpiloguePlan> plan = planEpilogue(joined)) {
        moveIntoProduct(joined, *plan);
        ++numEpilogues;
      }
    }
  }
};

} // namespace
