//===- CacheWriter.cpp - a head becomes cached codes ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CacheWriter.h"
#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/LloydMaxTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::ArrayRef;
using llvm::SmallVector;

using Code = CacheFormat::Code;

static Scalar magnitude(PtxBuilder &b, Scalar x) { return max(x, b.f32(0) - x); }

static Scalar clamp(PtxBuilder &b, Scalar x, double least, double greatest) {
  return min(max(x, b.f32(least)), b.f32(greatest));
}

Scalar CacheWriter::toInteger(Scalar x) {
  return b.wrap(arith::FPToSIOp::create(b, b.getI32Type(), Value(x)));
}

int64_t CacheWriter::pieceElements() const {
  return std::min(pool.unitElements(), 32 / pool.bits());
}

CacheWriter::Piece CacheWriter::load(Value head, Scalar index, Scalar exists) {
  Scalar first = min(index, b.i32(pieces() - 1)) * pieceElements();
  return {first, exists & (index < pieces()),
          b.loadFloats(head, b.getF32Type(), first, unsigned(pieceElements()))};
}

CacheWriter::Piece CacheWriter::gather(Value head, Scalar index, Scalar exists) {
  Piece piece{min(index, b.i32(pieces() - 1)) * pieceElements(), exists & (index < pieces()), {}};
  for (int64_t i = 0; i < pieceElements(); ++i)
    piece.elements.push_back(
        b.loadFloats(head, b.getF32Type(), pool.placeOf(piece.first + i), 1).front());
  return piece;
}

int64_t CacheWriter::headBytes(const CachePool &pool) {
  int64_t parameters = pool.inPairs() && pool.groups() > 1 ? 2 * pool.groups() : 0;
  return int64_t(llvm::alignTo(pool.paddedDim() + parameters, 4) * sizeof(float));
}

//===----------------------------------------------------------------------===//
// Scales and zeros
//===----------------------------------------------------------------------===//

Scalar CacheWriter::roundToF16(Scalar value) {
  // Beyond f16, codes saturate.
  Value half = arith::TruncFOp::create(b, b.getF16Type(), Value(clamp(b, value, -65504, 65504)));
  return b.wrap(arith::ExtFOp::create(b, b.getF32Type(), half));
}

/// Of a group; what is beyond a head is zero, and lanes without elements repeat those of others.
Scalar CacheWriter::rootMeanSquare(ArrayRef<Piece> pieces, int64_t lanes) {
  Scalar squares = b.f32(0);
  for (const Piece &piece : pieces)
    for (Scalar x : piece.elements)
      squares = fma(x, select(piece.exists, x, b.f32(0)), squares);
  squares = b.warpSum(squares, unsigned(lanes));
  return b.squareRoot(b.divide(squares, b.f32(double(pool.groupSize()))));
}

CacheWriter::Parameters CacheWriter::measure(ArrayRef<Piece> pieces, int64_t lanes) {
  const CacheFormat &format = pool.format;
  if (format.code == Code::LloydMax)
    return {rootMeanSquare(pieces, lanes), {}};
  Scalar none = b.f32(-std::numeric_limits<double>::infinity());
  Scalar greatest = none, greatestNegated = none;
  for (const Piece &piece : pieces)
    for (auto [i, x] : llvm::enumerate(piece.elements)) {
      auto counted = [&](Scalar value) {
        return pool.paddedDim() == pool.headDim ? value : select(isElement(piece, i), value, none);
      };
      greatest = max(greatest, counted(x));
      greatestNegated = max(greatestNegated, counted(b.f32(0) - x));
    }
  greatest = b.warpMax(greatest, unsigned(lanes));
  greatestNegated = b.warpMax(greatestNegated, unsigned(lanes));
  if (!format.asymmetric)
    greatest = greatestNegated = max(greatest, greatestNegated);
  Range range{b.f32(0) - greatestNegated, greatest};
  if (format.search)
    range = search(pieces, lanes, range);
  if (!format.asymmetric)
    return {b.divide(range.greatest, b.f32(format.largestCode())), {}};
  return {b.divide(range.greatest - range.least, b.f32(format.steps())), roundToF16(range.least)};
}

Scalar CacheWriter::isElement(const Piece &piece, int64_t index) {
  return piece.first + index < pool.headDim;
}

/// A group of one number has ranges without steps, whose errors are no numbers: the whole stays.
CacheWriter::Range CacheWriter::search(ArrayRef<Piece> pieces, int64_t lanes, const Range &whole) {
  Scalar size = whole.greatest - whole.least;
  Scalar leastError = b.f32(std::numeric_limits<double>::infinity());
  Range best = whole;
  for (RangeCut cut : searchedCuts(pool.format)) {
    Range range{fma(size, b.f32(cut.below), whole.least),
                fma(size, b.f32(-cut.above), whole.greatest)};
    Scalar steps = b.f32(pool.format.steps());
    Scalar step = b.divide(range.greatest - range.least, steps), inverse = b.divide(b.f32(1), step);
    Scalar error = b.f32(0);
    for (const Piece &piece : pieces)
      for (auto [i, x] : llvm::enumerate(piece.elements)) {
        Scalar code = min(max(b.roundEven((x - range.least) * inverse), b.f32(0)), steps);
        Scalar difference = x - fma(code, step, range.least);
        Scalar counts = piece.exists;
        if (pool.paddedDim() != pool.headDim)
          counts = counts & isElement(piece, i);
        error = fma(select(counts, difference, b.f32(0)), difference, error);
      }
    error = b.warpSum(error, unsigned(lanes));
    Scalar isBetter = error < leastError;
    leastError = select(isBetter, error, leastError);
    best = {select(isBetter, range.least, best.least),
            select(isBetter, range.greatest, best.greatest)};
  }
  return best;
}

/// Uniform codes take the least entry that is not below the scale, others the nearest in log.
Scalar CacheWriter::findScale(Scalar &scale) {
  const CacheFormat::ScaleTable &table = *pool.format.scaleTable;
  Scalar steps =
      (b.log2(scale) - b.f32(std::log2(table.least))) * b.f32(1 / std::log2(table.ratio));
  Scalar least = pool.format.code == Code::LloydMax ? steps - b.f32(0.5) : steps;
  Scalar up = b.f32(0) - b.roundDown(b.f32(0) - least);
  Scalar index = clamp(b, up, 0, std::ldexp(1.0, int(table.bits)) - 1);
  scale = tableScale(b, table, index);
  return index;
}

CacheWriter::Parameters CacheWriter::store(Parameters parameters, Value block, Scalar token,
                                           Scalar group, Scalar isFirst) {
  const CacheFormat &format = pool.format;
  Scalar slot = token * pool.groups() + group;
  auto storeHalf = [&](int64_t offset, Scalar value) {
    b.ifThen(isFirst, [&] {
      b.storeFloats(b.bytePtr(block, b.i32(offset)), b.getF16Type(), slot, {value});
    });
  };
  if (format.scaleTable) {
    Scalar entry = toInteger(findScale(parameters.divisor));
    b.ifThen(isFirst, [&] {
      b.store(arith::TruncIOp::create(b, b.getI8Type(), entry),
              b.bytePtr(block, slot + pool.scaleOffset()), 1);
    });
    return parameters;
  }
  parameters.divisor = roundToF16(parameters.divisor);
  storeHalf(pool.scaleOffset(), parameters.divisor);
  if (format.asymmetric)
    storeHalf(pool.zeroOffset(), parameters.zero);
  // A group without magnitude has codes of zero.
  parameters.divisor = select(parameters.divisor == b.f32(0),
                              b.f32(std::numeric_limits<double>::infinity()), parameters.divisor);
  return parameters;
}

//===----------------------------------------------------------------------===//
// Codes
//===----------------------------------------------------------------------===//

/// runtime/quantization/MiniFloat.h, in registers.
Scalar CacheWriter::encodeFp8(Scalar x) {
  bool isE5M2 = pool.format.code == Code::Fp8E5M2;
  int64_t mantissa = isE5M2 ? 2 : 3, bias = isE5M2 ? 15 : 7, shift = 23 - mantissa;
  Scalar size = min(magnitude(b, x), b.f32(pool.format.largestCode()));
  Scalar bits = size.bitcast(b.getI32Type());
  int64_t rebias = ((int64_t(1) << (shift - 1)) - 1) - ((127 - bias) << 23);
  Scalar normal = (bits + rebias + ((bits >> shift) & 1)) >> shift;
  int64_t magicBits = (127 + 1 - bias - mantissa + 23) << 23;
  Scalar denormal =
      (size + b.i32(magicBits).bitcast(b.getF32Type())).bitcast(b.getI32Type()) - magicBits;
  Scalar code = select(bits < ((127 + 1 - bias) << 23), denormal, normal);
  return code | ((x.bitcast(b.getI32Type()) >> 24) & 128);
}

/// The sign, and which of the positive points: ties go to the smaller.
Scalar CacheWriter::encodeUniform(Scalar x) {
  double half = std::ldexp(1.0, int(pool.format.bits) - 1);
  Scalar scaled = magnitude(b, x) * b.f32((2 * half - 1) / 2);
  Scalar up = b.f32(0) - b.roundDown(b.f32(0) - scaled);
  Scalar index = clamp(b, up - b.f32(1), 0, half - 1);
  return toInteger(select(x < b.f32(0), b.f32(half - 1) - index, index + b.f32(half)));
}

Scalar CacheWriter::encodeHalf(Scalar x) {
  Type type = pool.isPlain() ? Type(b.getBF16Type()) : b.getF16Type();
  Value half = arith::TruncFOp::create(b, type, Value(x));
  half = arith::BitcastOp::create(b, b.getI16Type(), half);
  return b.wrap(arith::ExtUIOp::create(b, b.getI32Type(), half));
}

Scalar CacheWriter::encode(Scalar x, const Parameters &parameters) {
  const CacheFormat &format = pool.format;
  if (!format.isScaled())
    return encodeHalf(x);
  if (parameters.zero)
    x = x - parameters.zero;
  x = b.divide(x, parameters.divisor);
  if (format.code == Code::Uniform)
    return encodeUniform(x);
  if (format.code == Code::LloydMax)
    return LloydMaxTable(b, format.bits).nearest(x);
  if (format.code != Code::Integer)
    return encodeFp8(x);
  double largest = format.largestCode(), least = -largest;
  if (format.asymmetric) {
    least = 0;
    largest = std::ldexp(1.0, int(format.bits)) - 1;
  } else if (format.fixed && format.fixed->zero != 0) {
    least = -128; // lmdeploy's static codes with a zero use all 256
  }
  return toInteger(clamp(b, b.roundEven(x), least, largest)) & ((int64_t(1) << format.bits) - 1);
}

void CacheWriter::storePiece(const Piece &piece, ArrayRef<Parameters> parameters, Value block,
                             Scalar token) {
  SmallVector<Scalar> codes;
  for (auto [i, x] : llvm::enumerate(piece.elements)) {
    codes.push_back(encode(x, parameters[i % parameters.size()]));
    if (pool.paddedDim() != pool.headDim)
      codes[i] = select(piece.first + int64_t(i) < pool.headDim, codes[i], b.i32(0));
  }
  int64_t shift = 0; // of a plane's bits in a code
  for (auto [plane, bits] : llvm::enumerate(pool.planes())) {
    Scalar word = b.i32(0);
    for (auto [i, code] : llvm::enumerate(codes)) {
      Scalar part = shift ? code >> shift : code;
      if (pool.isSplit())
        part = part & ((int64_t(1) << bits) - 1);
      word = word | (part << int64_t(i) * bits);
    }
    shift += bits;
    auto size = unsigned(pieceElements() * bits);
    Value at = b.bytePtr(block, pool.codeOffset(token, piece.first, plane));
    Value stored =
        size == 32 ? Value(word) : arith::TruncIOp::create(b, b.getIntegerType(size), Value(word));
    b.ifThen(piece.exists, [&] { b.store(stored, at, size / 8); });
  }
}

void CacheWriter::append(Value head, Value block, Scalar token) {
  const CacheFormat &format = pool.format;
  if (format.storesScales() && pool.groups() > 1)
    return appendGroups(head, block, token);
  SmallVector<Piece> all;
  for (int64_t first = 0; first < pieces(); first += kWarpSize)
    all.push_back(load(head, lane + first, lane < pieces() - first));
  if (!format.storesScales()) {
    Parameters fixed;
    if (format.fixed)
      fixed = {b.f32(format.fixed->scale),
               format.fixed->zero != 0 ? b.f32(format.fixed->zero) : Scalar()};
    for (const Piece &piece : all)
      storePiece(piece, fixed, block, token);
    return;
  }
  Parameters parameters = store(measure(all, kWarpSize), block, token, b.i32(0), lane == 0);
  for (const Piece &piece : all)
    storePiece(piece, parameters, block, token);
}

/// A group has lanes of its own, a power of two of them, which exchange what they find: those
/// without a piece repeat the group's last.
void CacheWriter::appendGroups(Value head, Value block, Scalar token) {
  int64_t groupPieces = pool.groupSize() / pieceElements();
  auto lanes = int64_t(llvm::bit_ceil(uint64_t(groupPieces))), together = kWarpSize / lanes;
  Scalar inGroup = lane % lanes;
  for (int64_t first = 0; first < pool.groups(); first += together) {
    Scalar group = lane / lanes + first;
    Scalar index = group * groupPieces + min(inGroup, b.i32(groupPieces - 1));
    Scalar exists = (inGroup < groupPieces) & (group < pool.groups());
    Scalar isFirst = (group < pool.groups()) & (inGroup == 0);
    Piece piece = pool.inPairs() ? gather(head, index, exists) : load(head, index, exists);
    Parameters parameters = store(measure(piece, lanes), block, token, group, isFirst);
    if (!pool.inPairs()) {
      storePiece(piece, parameters, block, token);
      continue;
    }
    Scalar zero = parameters.zero ? parameters.zero : b.f32(0);
    b.ifThen(isFirst, [&] {
      b.storeFloats(parametersBehind(head), b.getF32Type(), group * 2, {parameters.divisor, zero});
    });
  }
  if (pool.inPairs())
    storePairs(head, block, token);
}

Value CacheWriter::parametersBehind(Value head) {
  return b.elementPtr(head, b.getF32Type(), b.i32(pool.paddedDim()));
}

/// A piece has elements of a group, and their partners in another.
void CacheWriter::storePairs(Value head, Value block, Scalar token) {
  b.warpBarrier();
  auto parametersOf = [&](Scalar element) -> Parameters {
    Scalar group = min(element / pool.groupSize(), b.i32(pool.groups() - 1));
    SmallVector<Scalar> stored = b.loadFloats(parametersBehind(head), b.getF32Type(), group * 2, 2);
    return {stored[0], pool.format.asymmetric ? stored[1] : Scalar()};
  };
  for (int64_t first = 0; first < pieces(); first += kWarpSize) {
    Piece piece = load(head, lane + first, lane < pieces() - first);
    Scalar element = piece.first / 2;
    storePiece(piece, {parametersOf(element), parametersOf(element + pool.headDim / 2)}, block,
               token);
  }
}
