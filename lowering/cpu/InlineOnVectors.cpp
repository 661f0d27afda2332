//===- InlineOnVectors.cpp - scalar regions on vectors --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/VectorMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

static Type onVectors(Type scalar) { return VectorType::get(kLanes, scalar); }

/// Ops that LLVM selects as instructions at every level, without calls.
static bool isInstruction(Operation *op) {
  if (isa<math::AbsFOp, math::SqrtOp, math::FmaOp, math::CopySignOp, math::FloorOp, math::CeilOp,
          math::RoundEvenOp, math::TruncOp>(op))
    return true;
  return isa<arith::ArithDialect>(op->getDialect()) && !isa<arith::RemFOp>(op) &&
         op->getNumResults() == 1 && OpTrait::hasElementwiseMappableTraits(op);
}

/// The vector form of `op`, or null where there is none.
static Value vectorize(CodeBuilder &b, Operation *op, const IRMapping &mapping) {
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(mapping.lookup(operand));
  return TypeSwitch<Operation *, Value>(op)
      .Case([&](arith::ConstantOp constant) {
        auto type = cast<VectorType>(onVectors(constant.getType()));
        return arith::ConstantOp::create(
            b, DenseElementsAttr::get(type, Attribute(constant.getValue())));
      })
      .Case([&](math::ExpOp) { return buildExp(b, operands[0]); })
      .Case([&](math::TanhOp) { return buildTanh(b, operands[0]); })
      .Case([&](math::ErfOp) { return buildErf(b, operands[0]); })
      .Case(
          [&](math::RsqrtOp) { return b.divf(b.splat(1.0), math::SqrtOp::create(b, operands[0])); })
      .Default([&](Operation *other) -> Value {
        if (!isInstruction(other))
          return {};
        OperationState state(b.getLoc(), other->getName(), operands,
                             {onVectors(other->getResult(0).getType())}, other->getAttrs());
        return b.create(state)->getResult(0);
      });
}

FailureOr<Value> cpu::inlineOnVectors(CodeBuilder &b, Region &region, ValueRange arguments) {
  IRMapping mapping;
  mapping.map(region.getArguments(), arguments);
  for (Operation &op : region.front().without_terminator()) {
    Value value = vectorize(b, &op, mapping);
    if (!value)
      return op.emitOpError("has no CPU code; exp, tanh, erf, rsqrt and what compiles to "
                            "instructions have");
    mapping.map(op.getResult(0), value);
  }
  return mapping.lookup(cast<kernel::YieldOp>(region.front().getTerminator()).getValue());
}
