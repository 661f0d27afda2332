//===- Scalar.h - expressions over SSA scalars ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_GPU_SCALAR_H
#define QOPT_LOWERING_GPU_SCALAR_H

#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Value.h"

namespace qopt::ptx {

/// An i1, i32, i64 or f32 value with operators, so that address arithmetic in the emitters reads
/// like the formula it is: `row * stride + lane / 4 * 2`. Integers are unsigned where it matters
/// (`/`,
/// `%`, `>>` and comparisons): indices and counts. Constants fold.
class Scalar {
public:
  Scalar() = default;
  Scalar(mlir::ImplicitLocOpBuilder &builder, mlir::Value value)
      : builder(&builder), value(value) {}

  operator mlir::Value() const { return value; }
  explicit operator bool() const { return bool(value); }
  mlir::ImplicitLocOpBuilder &getBuilder() const { return *builder; }
  mlir::Type getType() const { return value.getType(); }

  /// `constant` with this value's type, truncated to its width.
  Scalar like(int64_t constant) const;
  /// The same bits as another type of the same width.
  Scalar bitcast(mlir::Type type) const;
  /// i32 to i64, zero-extended; an i64 unchanged.
  Scalar toI64() const;
  /// i64 to i32; an i32 unchanged.
  Scalar toI32() const;

private:
  mlir::ImplicitLocOpBuilder *builder = nullptr;
  mlir::Value value;
};

Scalar operator+(Scalar lhs, Scalar rhs);
Scalar operator-(Scalar lhs, Scalar rhs);
Scalar operator*(Scalar lhs, Scalar rhs);
Scalar operator/(Scalar lhs, Scalar rhs);
Scalar operator%(Scalar lhs, Scalar rhs);
Scalar operator&(Scalar lhs, Scalar rhs);
Scalar operator|(Scalar lhs, Scalar rhs);
Scalar operator^(Scalar lhs, Scalar rhs);
Scalar operator<<(Scalar lhs, Scalar rhs);
Scalar operator>>(Scalar lhs, Scalar rhs);
Scalar operator<(Scalar lhs, Scalar rhs);
Scalar operator<=(Scalar lhs, Scalar rhs);
Scalar operator==(Scalar lhs, Scalar rhs);
inline Scalar operator>(Scalar lhs, Scalar rhs) { return rhs < lhs; }
inline Scalar operator>=(Scalar lhs, Scalar rhs) { return rhs <= lhs; }

#define QOPT_SCALAR_WITH_CONSTANT(op)                                                              \
  inline Scalar operator op(Scalar lhs, int64_t rhs) { return lhs op lhs.like(rhs); }
QOPT_SCALAR_WITH_CONSTANT(+)
QOPT_SCALAR_WITH_CONSTANT(-)
QOPT_SCALAR_WITH_CONSTANT(*)
QOPT_SCALAR_WITH_CONSTANT(/)
QOPT_SCALAR_WITH_CONSTANT(%)
QOPT_SCALAR_WITH_CONSTANT(&)
QOPT_SCALAR_WITH_CONSTANT(|)
QOPT_SCALAR_WITH_CONSTANT(^)
QOPT_SCALAR_WITH_CONSTANT(<<)
QOPT_SCALAR_WITH_CONSTANT(>>)
QOPT_SCALAR_WITH_CONSTANT(<)
QOPT_SCALAR_WITH_CONSTANT(<=)
QOPT_SCALAR_WITH_CONSTANT(==)
QOPT_SCALAR_WITH_CONSTANT(>)
QOPT_SCALAR_WITH_CONSTANT(>=)
#undef QOPT_SCALAR_WITH_CONSTANT

Scalar min(Scalar lhs, Scalar rhs);
Scalar max(Scalar lhs, Scalar rhs);
Scalar select(Scalar condition, Scalar ifTrue, Scalar ifFalse);
/// `value / 2^bits` of a signed value, rounded down.
Scalar shiftRightSigned(Scalar value, int64_t bits);
/// `a * b + c` rounded once.
Scalar fma(Scalar a, Scalar b, Scalar c);

} // namespace qopt::ptx

#endif // QOPT_LOWERING_GPU_SCALAR_H
