//===- Scalar.cpp - expressions over SSA scalars --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Scalar.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace qopt::ptx;

template <typename Op> static Scalar fold(Scalar lhs, Scalar rhs) {
  ImplicitLocOpBuilder &b = lhs.getBuilder();
  return Scalar(b, b.createOrFold<Op>(Value(lhs), Value(rhs)));
}

template <typename IntOp, typename FloatOp> static Scalar foldEither(Scalar lhs, Scalar rhs) {
  return isa<FloatType>(lhs.getType()) ? fold<FloatOp>(lhs, rhs) : fold<IntOp>(lhs, rhs);
}

static Scalar compare(arith::CmpIPredicate intPredicate, arith::CmpFPredicate floatPredicate,
                      Scalar lhs, Scalar rhs) {
  ImplicitLocOpBuilder &b = lhs.getBuilder();
  if (isa<FloatType>(lhs.getType()))
    return Scalar(b, b.createOrFold<arith::CmpFOp>(floatPredicate, Value(lhs), Value(rhs)));
  return Scalar(b, b.createOrFold<arith::CmpIOp>(intPredicate, Value(lhs), Value(rhs)));
}

Scalar Scalar::like(int64_t constant) const {
  ImplicitLocOpBuilder &b = getBuilder();
  TypedAttr attr = b.getI64IntegerAttr(constant);
  if (getType().isInteger(32))
    attr = b.getI32IntegerAttr(int32_t(constant));
  else if (getType().isF32())
    attr = b.getF32FloatAttr(float(constant));
  return Scalar(b, arith::ConstantOp::create(b, attr));
}

Scalar Scalar::bitcast(Type type) const {
  return Scalar(*builder, arith::BitcastOp::create(*builder, type, value));
}

Scalar Scalar::toI64() const {
  if (getType().isInteger(64))
    return *this;
  return Scalar(*builder, builder->createOrFold<arith::ExtUIOp>(builder->getI64Type(), value));
}

Scalar Scalar::toI32() const {
  if (getType().isInteger(32))
    return *this;
  return Scalar(*builder, builder->createOrFold<arith::TruncIOp>(builder->getI32Type(), value));
}

namespace qopt::ptx {

Scalar operator+(Scalar lhs, Scalar rhs) {
  return foldEither<arith::AddIOp, arith::AddFOp>(lhs, rhs);
}
Scalar operator-(Scalar lhs, Scalar rhs) {
  return foldEither<arith::SubIOp, arith::SubFOp>(lhs, rhs);
}
Scalar operator*(Scalar lhs, Scalar rhs) {
  return foldEither<arith::MulIOp, arith::MulFOp>(lhs, rhs);
}
Scalar operator/(Scalar lhs, Scalar rhs) { return fold<arith::DivUIOp>(lhs, rhs); }
Scalar operator%(Scalar lhs, Scalar rhs) { return fold<arith::RemUIOp>(lhs, rhs); }
Scalar operator&(Scalar lhs, Scalar rhs) { return fold<arith::AndIOp>(lhs, rhs); }
Scalar operator|(Scalar lhs, Scalar rhs) { return fold<arith::OrIOp>(lhs, rhs); }
Scalar operator^(Scalar lhs, Scalar rhs) { return fold<arith::XOrIOp>(lhs, rhs); }
Scalar operator<<(Scalar lhs, Scalar rhs) { return fold<arith::ShLIOp>(lhs, rhs); }
Scalar operator>>(Scalar lhs, Scalar rhs) { return fold<arith::ShRUIOp>(lhs, rhs); }
Scalar shiftRightSigned(Scalar value, int64_t bits) {
  return fold<arith::ShRSIOp>(value, value.like(bits));
}
Scalar operator<(Scalar lhs, Scalar rhs) {
  return compare(arith::CmpIPredicate::ult, arith::CmpFPredicate::OLT, lhs, rhs);
}
Scalar operator<=(Scalar lhs, Scalar rhs) {
  return compare(arith::CmpIPredicate::ule, arith::CmpFPredicate::OLE, lhs, rhs);
}
Scalar operator==(Scalar lhs, Scalar rhs) {
  return compare(arith::CmpIPredicate::eq, arith::CmpFPredicate::OEQ, lhs, rhs);
}

Scalar min(Scalar lhs, Scalar rhs) { return foldEither<arith::MinUIOp, LLVM::MinNumOp>(lhs, rhs); }
Scalar max(Scalar lhs, Scalar rhs) { return foldEither<arith::MaxUIOp, LLVM::MaxNumOp>(lhs, rhs); }
Scalar select(Scalar condition, Scalar ifTrue, Scalar ifFalse) {
  ImplicitLocOpBuilder &b = condition.getBuilder();
  return Scalar(b,
                b.createOrFold<arith::SelectOp>(Value(condition), Value(ifTrue), Value(ifFalse)));
}
Scalar fma(Scalar a, Scalar b, Scalar c) {
  ImplicitLocOpBuilder &builder = a.getBuilder();
  return Scalar(builder, LLVM::FMAOp::create(builder, Value(a), Value(b), Value(c)));
}

} // namespace qopt::ptx
