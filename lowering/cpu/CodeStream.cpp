//===- CodeStream.cpp - codes as a stream of bits -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CodeStream.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <numeric>

using namespace mlir;
using namespace qopt;
using namespace qopt::cpu;

using Values = CodeBuilder::Values;

int64_t cpu::codesTogether(int64_t bits) { return 8 / std::gcd<int64_t>(8, bits); }
int64_t cpu::bytesTogether(int64_t bits) { return bits / std::gcd<int64_t>(8, bits); }

static int64_t lowest(int64_t bits) { return (int64_t(1) << bits) - 1; }

//===----------------------------------------------------------------------===//
// From a stream
//===----------------------------------------------------------------------===//

/// `number` of each place, for its part of a vector.
static Value constant(CodeBuilder &b, VectorType type, ArrayRef<CodePlace> places,
                      llvm::function_ref<int64_t(const CodePlace &)> number) {
  int64_t elements = type.getNumElements(), part = elements / int64_t(places.size());
  unsigned width = type.getElementTypeBitWidth();
  SmallVector<APInt> numbers;
  for (int64_t i = 0; i < elements; ++i)
    numbers.push_back(APInt(width, uint64_t(number(places[i / part]))));
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, numbers));
}

/// Shifts words, for which there are instructions, and keeps what is a byte's own.
template <typename Shift>
static Value shiftAndMask(CodeBuilder &b, ArrayRef<CodePlace> places, Value bytes,
                          llvm::function_ref<int64_t(const CodePlace &)> distance,
                          llvm::function_ref<int64_t(const CodePlace &)> mask) {
  auto type = cast<VectorType>(bytes.getType());
  auto words = VectorType::get(type.getNumElements() / 2, b.getI16Type());
  if (llvm::any_of(places, distance)) {
    Value shifted = Shift::create(b, vector::BitCastOp::create(b, words, bytes),
                                  constant(b, words, places, distance));
    bytes = vector::BitCastOp::create(b, type, shifted);
  }
  return arith::AndIOp::create(b, bytes, constant(b, type, places, mask));
}

Value cpu::extractCode(CodeBuilder &b, ArrayRef<CodePlace> places, Value low, Value high) {
  if (places.front().bits == 8)
    return low;
  Value code = shiftAndMask<arith::ShRUIOp>(
      b, places, low, [](const CodePlace &place) { return place.shift; },
      [](const CodePlace &place) { return lowest(place.lowBits()); });
  if (llvm::none_of(places, [](const CodePlace &place) { return place.isSplit(); }))
    return code;
  Value rest = shiftAndMask<arith::ShLIOp>(
      b, places, high, [](const CodePlace &place) { return place.isSplit() ? place.lowBits() : 0; },
      [](const CodePlace &place) { return lowest(place.bits) & ~lowest(place.lowBits()); });
  return arith::OrIOp::create(b, code, rest);
}

//===----------------------------------------------------------------------===//
// To a stream
//===----------------------------------------------------------------------===//

/// `byte` in all bytes of a type.
static Value splat(CodeBuilder &b, Type type, int64_t byte) {
  APInt bits =
      APInt::getSplat(getElementTypeOrSelf(type).getIntOrFloatBitWidth(), APInt(8, uint64_t(byte)));
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, bits));
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, bits));
}

/// A distance in all elements of a type.
static Value distance(CodeBuilder &b, Type type, int64_t bits) {
  auto attribute = b.getIntegerAttr(getElementTypeOrSelf(type), bits);
  if (auto vector = dyn_cast<VectorType>(type))
    return arith::ConstantOp::create(b, DenseElementsAttr::get(vector, attribute));
  return arith::ConstantOp::create(b, attribute);
}

Values cpu::packCodes(CodeBuilder &b, int64_t bits, ArrayRef<Value> codes) {
  if (codesTogether(bits) == 1)
    return Values(codes);
  Values bytes(size_t(bytesTogether(bits)));
  auto join = [&](int64_t index, Value part) {
    Value &byte = bytes[size_t(index)];
    byte = byte ? arith::OrIOp::create(b, byte, part).getResult() : part;
  };
  for (auto [i, code] : llvm::enumerate(codes)) {
    CodePlace place = CodePlace::of(int64_t(i), bits);
    Type type = code.getType();
    Value low = arith::AndIOp::create(b, code, splat(b, type, lowest(place.lowBits())));
    if (place.shift)
      low = arith::ShLIOp::create(b, low, distance(b, type, place.shift));
    join(place.byte, low);
    if (!place.isSplit())
      continue;
    Value high = arith::ShRUIOp::create(b, code, distance(b, type, place.lowBits()));
    join(place.byte + 1,
         arith::AndIOp::create(b, high, splat(b, type, lowest(bits - place.lowBits()))));
  }
  return bytes;
}
