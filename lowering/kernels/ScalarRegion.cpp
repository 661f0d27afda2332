//===- ScalarRegion.cpp - epilogues and map bodies ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include <numbers>

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

void kernel::buildScalarRegion(Region &region, Location loc, size_t arguments,
                               ScalarFunction compute) {
  Block &block = region.emplaceBlock();
  auto builder = ImplicitLocOpBuilder::atBlockEnd(loc, &block);
  for (size_t i = 0; i < arguments; ++i)
    block.addArgument(builder.getF32Type(), loc);
  YieldOp::create(builder, compute(builder, block.getArguments()));
}

static Value constant(ImplicitLocOpBuilder &builder, double value) {
  return arith::ConstantOp::create(builder, builder.getF32FloatAttr(float(value)));
}

Value kernel::buildSilu(ImplicitLocOpBuilder &builder, Value x) {
  Value exp = math::ExpOp::create(builder, arith::NegFOp::create(builder, x));
  Value denominator = arith::AddFOp::create(builder, constant(builder, 1), exp);
  return arith::DivFOp::create(builder, x, denominator);
}

Value kernel::buildGelu(ImplicitLocOpBuilder &builder, Value x, llm::GeluKind kind) {
  Value inner;
  if (kind == llm::GeluKind::Erf) {
    Value scaled = arith::MulFOp::create(builder, x, constant(builder, std::numbers::sqrt2 / 2));
    inner = math::ErfOp::create(builder, scaled);
  } else {
    // tanh(sqrt(2 / pi) (x + 0.044715 x^3))
    Value square = arith::MulFOp::create(builder, x, x);
    Value cube = arith::MulFOp::create(builder, square, x);
    Value sum = arith::AddFOp::create(
        builder, x, arith::MulFOp::create(builder, cube, constant(builder, 0.044715)));
    double scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi;
    inner = math::TanhOp::create(builder,
                                 arith::MulFOp::create(builder, sum, constant(builder, scale)));
  }
  Value half = arith::MulFOp::create(builder, x, constant(builder, 0.5));
  return arith::MulFOp::create(builder, half,
                               arith::AddFOp::create(builder, inner, constant(builder, 1)));
}

Value kernel::inlineScalarRegion(OpBuilder &builder, Region &region, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator())
    builder.clone(op, mapping);
  return mapping.lookup(cast<YieldOp>(region.front().getTerminator()).getValue());
}

bool kernel::isIdentity(Region &region) {
  auto yield = cast<YieldOp>(region.front().getTerminator());
  return region.getNumArguments() == 1 && yield.getValue() == region.getArgument(0);
}

bool kernel::isSum(Region &region) {
  auto yield = cast<YieldOp>(region.front().getTerminator());
  auto add = yield.getValue().getDefiningOp<arith::AddFOp>();
  if (!add || region.getNumArguments() != 2)
    return false;
  Value first = region.getArgument(0), second = region.getArgument(1);
  return (add.getLhs() == first && add.getRhs() == second) ||
         (add.getLhs() == second && add.getRhs() == first);
}
