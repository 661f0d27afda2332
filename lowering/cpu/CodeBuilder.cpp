//===- CodeBuilder.cpp - building blocks of CPU kernels -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodeBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

//===----------------------------------------------------------------------===//
// Integers and addresses
//===----------------------------------------------------------------------===//

Type CodeBuilder::pointerType() { return LLVM::LLVMPointerType::get(getContext()); }

Value CodeBuilder::i64(int64_t value) {
  return arith::ConstantOp::create(*this, getI64IntegerAttr(value));
}

Value CodeBuilder::add(Value lhs, Value rhs) { return createOrFold<arith::AddIOp>(lhs, rhs); }
Value CodeBuilder::subtract(Value lhs, Value rhs) { return createOrFold<arith::SubIOp>(lhs, rhs); }
Value CodeBuilder::multiply(Value lhs, Value rhs) { return createOrFold<arith::MulIOp>(lhs, rhs); }
// Values are never negative: unsigned division by powers of two is a shift.
Value CodeBuilder::divide(Value lhs, int64_t rhs) {
  return createOrFold<arith::DivUIOp>(lhs, i64(rhs));
}
Value CodeBuilder::remainder(Value lhs, int64_t rhs) {
  return createOrFold<arith::RemUIOp>(lhs, i64(rhs));
}
Value CodeBuilder::minimum(Value lhs, Value rhs) { return createOrFold<arith::MinSIOp>(lhs, rhs); }
Value CodeBuilder::maximum(Value lhs, Value rhs) { return createOrFold<arith::MaxSIOp>(lhs, rhs); }

Value CodeBuilder::isEqual(Value lhs, Value rhs) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, lhs, rhs);
}

Value CodeBuilder::isLess(Value lhs, Value rhs) {
  return createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, lhs, rhs);
}

Value CodeBuilder::element(Type type, Value pointer, Value index) {
  return LLVM::GEPOp::create(*this, pointerType(), type, pointer, ValueRange{index});
}

Value CodeBuilder::element(Type type, Value pointer, int64_t index) {
  return index == 0 ? pointer : element(type, pointer, i64(index));
}

Value CodeBuilder::bytes(Value pointer, Value count) {
  return element(getI8Type(), pointer, count);
}

Value CodeBuilder::bytes(Value pointer, int64_t count) {
  return element(getI8Type(), pointer, count);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

static unsigned elementBytes(Type type) {
  return isa<LLVM::LLVMPointerType>(type) ? 8
                                          : getElementTypeOrSelf(type).getIntOrFloatBitWidth() / 8;
}

Value CodeBuilder::load(Type type, Value pointer) {
  return LLVM::LoadOp::create(*this, type, pointer, elementBytes(type));
}

void CodeBuilder::store(Value value, Value pointer) {
  LLVM::StoreOp::create(*this, value, pointer, elementBytes(value.getType()));
}

Value CodeBuilder::loadIndex(Value pointer, Value index) {
  Value value = load(getI32Type(), element(getI32Type(), pointer, index));
  return arith::ExtSIOp::create(*this, getI64Type(), value);
}

/// `bits` (bf16 as i16, a scalar or vector) as f32: bf16 is the upper half of an f32.
static Value extendBf16(CodeBuilder &b, Value bits, Type f32, Type i32) {
  Value wide = arith::ExtUIOp::create(b, i32, bits);
  Value shift = arith::ConstantOp::create(
      b, isa<VectorType>(i32)
             ? TypedAttr(DenseElementsAttr::get(cast<VectorType>(i32), int32_t(16)))
             : TypedAttr(b.getI32IntegerAttr(16)));
  return arith::BitcastOp::create(b, f32, arith::ShLIOp::create(b, wide, shift));
}

Value CodeBuilder::loadScalar(Type type, Value pointer) {
  if (type.isBF16())
    return extendBf16(*this, load(getI16Type(), pointer), getF32Type(), getI32Type());
  Value value = load(type, pointer);
  return type.isF32() ? value : arith::ExtFOp::create(*this, getF32Type(), value);
}

Value CodeBuilder::loadVector(Type type, Value pointer, int64_t lanes) {
  Type stored = type.isBF16() ? Type(getI16Type()) : type;
  auto storedVector = VectorType::get(kLanes, stored);
  Value value;
  if (lanes == kLanes) {
    value = load(storedVector, pointer);
  } else {
    Value zero = arith::ConstantOp::create(*this, getZeroAttr(storedVector));
    value = LLVM::MaskedLoadOp::create(*this, storedVector, pointer, maskOf(lanes), zero,
                                       elementBytes(stored));
  }
  if (type.isBF16())
    return extendBf16(*this, value, vectorType(), VectorType::get(kLanes, getI32Type()));
  return type.isF32() ? value : arith::ExtFOp::create(*this, vectorType(), value);
}

Value CodeBuilder::gather(Value pointer, Value indices) {
  auto pointers = VectorType::get(kLanes, pointerType());
  Value addresses =
      LLVM::GEPOp::create(*this, pointers, getF32Type(), pointer, ValueRange{indices});
  return LLVM::masked_gather::create(*this, vectorType(), addresses, maskOf(kLanes), ValueRange{},
                                     elementBytes(getF32Type()));
}

void CodeBuilder::storeVector(Value vector, Value pointer, int64_t lanes) {
  if (lanes == kLanes)
    return store(vector, pointer);
  LLVM::MaskedStoreOp::create(*this, vector, pointer, maskOf(lanes), elementBytes(getF32Type()));
}

void CodeBuilder::prefetch(Value pointer, bool intoL1) {
  // Read; 3 is all levels, 2 the second; the data cache.
  LLVM::Prefetch::create(*this, pointer, 0, intoL1 ? 3 : 2, 1);
}

//===----------------------------------------------------------------------===//
// Vectors
//===----------------------------------------------------------------------===//

Value CodeBuilder::splat(double value) {
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(vectorType(), float(value)));
}

Value CodeBuilder::broadcast(Value scalar) {
  return vector::BroadcastOp::create(*this, vectorType(), scalar);
}

Value CodeBuilder::addf(Value lhs, Value rhs) { return arith::AddFOp::create(*this, lhs, rhs); }
Value CodeBuilder::subf(Value lhs, Value rhs) { return arith::SubFOp::create(*this, lhs, rhs); }
Value CodeBuilder::mulf(Value lhs, Value rhs) { return arith::MulFOp::create(*this, lhs, rhs); }
Value CodeBuilder::divf(Value lhs, Value rhs) { return arith::DivFOp::create(*this, lhs, rhs); }

Value CodeBuilder::maxf(Value lhs, Value rhs) {
  // One maxps: an unordered comparison takes the right operand, as the instruction does.
  Value greater = arith::CmpFOp::create(*this, arith::CmpFPredicate::OGT, lhs, rhs);
  return select(greater, lhs, rhs);
}

Value CodeBuilder::fma(Value a, Value b, Value c) { return math::FmaOp::create(*this, a, b, c); }

Value CodeBuilder::select(Value condition, Value yes, Value no) {
  return arith::SelectOp::create(*this, condition, yes, no);
}

/// Folds a vector onto itself by halves, so that every lane ends up with the result.
static Value reduceLanes(CodeBuilder &b, Value vector,
                         llvm::function_ref<Value(Value, Value)> combine) {
  for (int64_t distance = kLanes / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      lanes.push_back(lane ^ distance);
    vector = combine(vector, b.shuffle(vector, vector, lanes));
  }
  return vector;
}

Value CodeBuilder::sumOfLanes(Value vector) {
  return reduceLanes(*this, vector, [&](Value lhs, Value rhs) { return addf(lhs, rhs); });
}

Value CodeBuilder::maximumOfLanes(Value vector) {
  return reduceLanes(*this, vector, [&](Value lhs, Value rhs) { return maxf(lhs, rhs); });
}

Value CodeBuilder::maskOf(int64_t lanes) {
  SmallVector<bool> mask(kLanes, false);
  std::fill_n(mask.begin(), lanes, true);
  auto type = VectorType::get(kLanes, getI1Type());
  return arith::ConstantOp::create(*this, DenseElementsAttr::get(type, ArrayRef<bool>(mask)));
}

Value CodeBuilder::shuffle(Value lhs, Value rhs, ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(*this, lhs, rhs, lanes);
}

Values CodeBuilder::outerProduct(int64_t rows, int64_t vectors, ValueRange sums,
                                 llvm::function_ref<Value(int64_t)> factor,
                                 llvm::function_ref<Value(int64_t)> vector) {
  Values result(sums), kept;
  auto multiply = [&](int64_t r, int64_t v, Value x, Value y) {
    Value &sum = result[r * vectors + v];
    sum = fma(x, y, sum);
  };
  if (rows < vectors) {
    for (int64_t r = 0; r < rows; ++r)
      kept.push_back(broadcast(factor(r)));
    for (int64_t v = 0; v < vectors; ++v) {
      Value value = vector(v);
      for (int64_t r = 0; r < rows; ++r)
        multiply(r, v, kept[r], value);
    }
  } else {
    for (int64_t v = 0; v < vectors; ++v)
      kept.push_back(vector(v));
    for (int64_t r = 0; r < rows; ++r) {
      Value value = broadcast(factor(r));
      for (int64_t v = 0; v < vectors; ++v)
        multiply(r, v, value, kept[v]);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Control flow
//===----------------------------------------------------------------------===//

Values CodeBuilder::loop(Value lower, Value upper, int64_t step, ValueRange state, LoopBody body) {
  auto loop = scf::ForOp::create(*this, lower, upper, i64(step), state);
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(loop.getBody());
  Values next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!state.empty())
    scf::YieldOp::create(*this, next);
  return Values(loop.getResults());
}

void CodeBuilder::loop(Value lower, Value upper, int64_t step,
                       llvm::function_ref<void(Value)> body) {
  loop(lower, upper, step, {}, [&](Value index, ValueRange) {
    body(index);
    return Values();
  });
}

void CodeBuilder::when(Value condition, llvm::function_ref<void()> then,
                       llvm::function_ref<void()> otherwise) {
  auto branch = scf::IfOp::create(*this, condition, /*withElseRegion=*/bool(otherwise));
  OpBuilder::InsertionGuard guard(*this);
  setInsertionPointToStart(branch.thenBlock());
  then();
  if (otherwise) {
    setInsertionPointToStart(branch.elseBlock());
    otherwise();
  }
}

Values CodeBuilder::unrolledLoop(Value count, int64_t unroll, int64_t countMultiple,
                                 ValueRange state, LoopBody body) {
  bool exact = countMultiple % unroll == 0;
  Value whole = exact ? count : subtract(count, remainder(count, unroll));
  Values result = loop(i64(0), whole, unroll, state, [&](Value index, ValueRange current) {
    Values values(current);
    for (int64_t i = 0; i < unroll; ++i)
      values = body(add(index, i), values);
    return values;
  });
  return exact ? result : loop(whole, count, 1, result, body);
}

Values CodeBuilder::columns(int64_t count, ValueRange state,
                            llvm::function_ref<Value(Value, int64_t, Value)> body) {
  int64_t turn = state.size() * kLanes, whole = count - count % turn;
  Values result = loop(i64(0), i64(whole), turn, state, [&](Value index, ValueRange current) {
    Values next;
    for (auto [i, value] : llvm::enumerate(current))
      next.push_back(body(add(index, int64_t(i) * kLanes), kLanes, value));
    return next;
  });
  for (int64_t column = whole; column < count; column += kLanes) {
    Value &value = result[(column - whole) / kLanes];
    value = body(i64(column), std::min(kLanes, count - column), value);
  }
  return result;
}

void CodeBuilder::columns(int64_t count, llvm::function_ref<void(Value, int64_t)> body) {
  int64_t tail = count % kLanes;
  loop(i64(0), i64(count - tail), kLanes, [&](Value column) { body(column, kLanes); });
  if (tail != 0)
    body(i64(count - tail), tail);
}

void CodeBuilder::tiles(Value count, int64_t largest,
                        llvm::function_ref<void(Value, int64_t)> body) {
  Value rest = remainder(count, largest);
  Value first = subtract(count, rest);
  loop(i64(0), first, largest, [&](Value index) { body(index, largest); });
  for (int64_t size = llvm::bit_floor(uint64_t(largest - 1)); size > 0; size /= 2) {
    Value bit = arith::AndIOp::create(*this, rest, i64(size));
    when(isEqual(bit, i64(size)), [&] { body(first, size); });
    first = add(first, bit);
  }
}
