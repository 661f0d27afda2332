//===- CacheReader.cpp - cached keys and values in registers --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Codes become f32 by their bits, next to the exponent of a power of two B, as B + code: a byte
// permutation or a shift and a mask, and no conversion, which runs at a quarter of their rate. The
// factor then meets B + code, and the offset takes B back.
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CacheReader.h"
#include "lowering/gpu/LloydMaxTable.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace qopt;
using namespace qopt::ptx;
using llvm::SmallVector;

using Code = CacheFormat::Code;

namespace {
/// B as above, and the bits that a code is shifted by beside it.
struct Embedding {
  int64_t bits; ///< of B as f32
  double power; ///< B
  int64_t shift;
};
/// A small float as the upper bits of an f32: how far the code, in the highest bits, is shifted,
/// with its sign, what is kept, and the power of two between the exponents.
struct FloatLayout {
  int64_t shift, mask;
  int exponent;
};
} // namespace

/// The least B that has the code's bits below it; whole bytes go where a permutation of bytes puts
/// them.
static Embedding embeddingOf(int64_t bits) {
  if (bits == 8)
    return {0x47000000, 32768, 8};
  return {(127 + bits) << 23, std::ldexp(1.0, int(bits)), 23 - bits};
}

static Embedding embeddingOf(const CachePool &pool) {
  return embeddingOf(pool.isSplit() ? pool.format.storedBits() : pool.bits());
}

static FloatLayout layoutOf(Code code) {
  return code == Code::Fp8E4M3 ? FloatLayout{4, 0x87f00000, 120} : FloatLayout{3, 0x8fe00000, 112};
}

static bool isFp8(const CacheFormat &format) {
  return format.code == Code::Fp8E4M3 || format.code == Code::Fp8E5M2;
}

/// What is added to signed codes, so that they are not negative.
static int64_t biasOf(const CacheFormat &format) {
  return format.code == Code::Integer && !format.asymmetric ? int64_t(1) << (format.bits - 1) : 0;
}

/// The highest bit of each code of a word.
static int64_t signBits(int64_t bits) {
  return bits == 8 ? 0x80808080 : bits == 4 ? 0x88888888 : 0xaaaaaaaa;
}

/// `bytes` of memory, 2 to 16.
static void appendWords(PtxBuilder &b, Value at, int64_t bytes, SmallVector<Scalar> &words) {
  if (bytes == 2) {
    Value half = b.load(b.getI16Type(), at, 2);
    words.push_back(b.wrap(arith::ExtUIOp::create(b, b.getI32Type(), half)));
    return;
  }
  if (bytes == 4) {
    words.push_back(b.wrap(b.load(b.getI32Type(), at, 4)));
    return;
  }
  Value packed = b.load(VectorType::get(bytes / 4, b.getI32Type()), at, unsigned(bytes));
  for (int64_t i = 0; i < bytes / 4; ++i)
    words.push_back(b.wrap(vector::ExtractOp::create(b, packed, i)));
}

/// B + the unsigned byte `index` of a word, which goes to bits 8 to 15.
static Scalar embedByte(PtxBuilder &b, Scalar word, int64_t index) {
  return b
      .wrap(NVVM::PermuteOp::create(b, b.getI32Type(), word, b.i32(embeddingOf(8).bits),
                                    b.i32(0x7404 | index << 4), NVVM::PermuteMode::DEFAULT))
      .bitcast(b.getF32Type());
}

Scalar ptx::tableScale(PtxBuilder &b, const CacheFormat::ScaleTable &table, Scalar index) {
  return b.exp2(fma(index, b.f32(std::log2(table.ratio)), b.f32(std::log2(table.least))));
}

Value CacheReader::block(Scalar page, Scalar kvHead) const {
  Scalar index = page * pool.kvHeads + kvHead;
  return b.elementPtr(base, b.getI8Type(), index.toI64() * pool.blockBytes());
}

Scalar CacheReader::inRow(Scalar index, int64_t end) const {
  return end <= pool.unitsPerRow() ? index : min(index, b.i32(pool.unitsPerRow() - 1));
}

int64_t CacheReader::partElements() const {
  if (hasPairsOfGroups())
    return std::gcd(std::gcd(pool.unitElements() / 2, pool.groupSize()), pool.headDim / 2);
  return std::gcd(pool.unitElements(), pool.groups() == 1 ? 0 : pool.groupSize());
}

int64_t CacheReader::partOf(int64_t index) const {
  if (hasPairsOfGroups())
    return index / 2 / partElements() * 2 + index % 2;
  return index / partElements();
}

Scalar CacheReader::firstOf(int64_t part, Scalar index) const {
  if (hasPairsOfGroups())
    return index * (pool.unitElements() / 2) +
           (part / 2 * partElements() + part % 2 * (pool.headDim / 2));
  return index * pool.unitElements() + part * partElements();
}

CacheReader::Unit CacheReader::load(Value block, Scalar token, Scalar index, Scalar last,
                                    Scalar inGroup) const {
  int64_t tokens = pool.unitTokens();
  Scalar first = tokens == 1 ? min(token, last) : token;
  Scalar number = pool.unitRow(first) * pool.unitsPerRow() + index;
  Unit unit;
  for (auto [plane, bits] : llvm::enumerate(pool.planes())) {
    int64_t bytes = pool.unitBytes(bits);
    appendWords(b, b.bytePtr(block, number * bytes + pool.planeOffset(plane)), bytes, unit.words);
  }
  if (biasOf(pool.format))
    for (Scalar &word : unit.words)
      word = word ^ signBits(pool.bits());
  if (pool.format.progressive)
    loadChannelBytes(unit, block, inGroup / pool.format.group, index);
  else if (pool.format.channels)
    loadChannels(unit, block, inGroup / pool.format.group, index);
  else if (pool.format.isScaled())
    for (int64_t i = 0; i < tokens; ++i)
      loadParameters(unit, block, tokens == 1 ? first : min(token + i * pool.tokenDistance(), last),
                     index);
  return unit;
}

/// The same for each element, of a group of tokens.
void CacheReader::loadChannels(Unit &unit, Value block, Scalar group, Scalar index) const {
  constexpr int64_t chunk = 8; // 16 bytes of f16
  double base = embeddingOf(pool).power + double(biasOf(pool.format));
  for (int64_t i = 0; i < pool.unitElements(); i += chunk) {
    // Elements beyond the head count as some of it.
    Scalar first = index * pool.unitElements() + i;
    if (pool.paddedDim() != pool.headDim)
      first = min(first, b.i32(pool.headDim - chunk));
    auto loadHalves = [&](int64_t offset) {
      return b.loadFloats(b.bytePtr(block, b.i32(offset)), b.getF16Type(),
                          group * pool.headDim + first, chunk);
    };
    for (auto [scale, zero] :
         llvm::zip_equal(loadHalves(pool.scaleOffset()), loadHalves(pool.zeroOffset()))) {
      unit.factors.push_back(scale);
      unit.offsets.push_back(fma(scale, b.f32(-base), zero));
    }
  }
}

/// Bytes stay bytes until an element asks for its own: they take a quarter of the registers.
void CacheReader::loadChannelBytes(Unit &unit, Value block, Scalar group, Scalar index) const {
  int64_t chunk = std::min<int64_t>(pool.unitElements(), 16);
  for (int64_t i = 0; i < pool.unitElements(); i += chunk) {
    Scalar first = index * pool.unitElements() + i;
    if (pool.paddedDim() != pool.headDim)
      first = min(first, b.i32(pool.headDim - chunk));
    Scalar slot = group * pool.headDim + first;
    appendWords(b, b.bytePtr(block, slot + pool.scaleOffset()), chunk, unit.factors);
    appendWords(b, b.bytePtr(block, slot + pool.zeroOffset()), chunk, unit.offsets);
  }
  for (Scalar &word : unit.offsets)
    word = word ^ signBits(8);
}

Scalar CacheReader::tileScale(Value block, Scalar token) const {
  Value scales = b.bytePtr(block, b.i32(pool.tileScaleOffset()));
  return b.loadFloats(scales, b.getF16Type(), token / pool.format.group, 1).front();
}

/// `scale * (point - B - bias) + zero` as a factor and an offset, for each part of a token.
void CacheReader::loadParameters(Unit &unit, Value block, Scalar token, Scalar index) const {
  const CacheFormat &format = pool.format;
  for (int64_t part = 0; part < parts(); ++part) {
    Scalar slot = token;
    if (pool.groups() > 1) {
      // Elements beyond the head count to its last group.
      Scalar element = firstOf(part, index);
      if (pool.paddedDim() != pool.headDim)
        element = min(element, b.i32(pool.headDim - 1));
      slot = token * pool.groups() + element / pool.groupSize();
    }
    auto loadHalf = [&](int64_t offset) {
      return b.loadFloats(b.bytePtr(block, b.i32(offset)), b.getF16Type(), slot, 1).front();
    };
    Scalar scale, zero;
    if (format.fixed) {
      scale = b.f32(format.fixed->scale);
      zero = b.f32(format.fixed->zero);
    } else if (format.scaleTable) {
      Value byte = b.load(b.getI8Type(), b.bytePtr(block, slot + pool.scaleOffset()), 1);
      Scalar entry = b.wrap(arith::UIToFPOp::create(b, b.getF32Type(), byte));
      scale = tableScale(b, *format.scaleTable, entry);
    } else {
      scale = loadHalf(pool.scaleOffset());
      if (format.asymmetric)
        zero = loadHalf(pool.zeroOffset());
    }
    if (isFp8(format) || format.code == Code::LloydMax) {
      unit.factors.push_back(scale);
      continue;
    }
    if (format.code == Code::Uniform) { // (2 code + 1 - 2^bits) / (2^bits - 1)
      zero = b.f32(0) - scale;
      scale = scale * b.f32(2 / (std::ldexp(1.0, int(format.bits)) - 1));
    }
    double base = embeddingOf(pool).power + double(biasOf(format));
    unit.factors.push_back(scale);
    unit.offsets.push_back(fma(scale, b.f32(-base), zero ? zero : b.f32(0)));
  }
}

/// `word` with what is in bit `from` in bit `to`.
static Scalar move(Scalar word, int64_t from, int64_t to) {
  return from < to ? word << (to - from) : from > to ? word >> (from - to) : word;
}

Scalar CacheReader::codeBits(const Unit &unit, int64_t code, int64_t shift) const {
  Scalar all;
  int64_t firstWord = 0;
  for (int64_t bits : pool.planes()) {
    int64_t perWord = 32 / bits, mask = ((int64_t(1) << bits) - 1) << shift;
    Scalar part = move(unit.words[firstWord + code / perWord], code % perWord * bits, shift) & mask;
    all = all ? all | part : part;
    firstWord += int64_t(llvm::divideCeil(pool.unitBytes(bits), 4));
    shift += bits;
  }
  return all;
}

Scalar CacheReader::point(const Unit &unit, int64_t code) const {
  int64_t perWord = 32 / pool.bits(), at = code % perWord * pool.bits();
  Scalar word = unit.words[code / perWord];
  if (!pool.format.isScaled()) {
    Type type = pool.isPlain() ? Type(b.getBF16Type()) : b.getF16Type();
    auto [low, high] = b.unpackHalves(type, word);
    return at == 0 ? low : high;
  }
  if (pool.format.code == Code::LloydMax)
    return LloydMaxTable(b, pool.format.bits).point(codeBits(unit, code, 0));
  if (isFp8(pool.format)) {
    FloatLayout layout = layoutOf(pool.format.code);
    Scalar top = at == 24 ? word : word << (24 - at);
    Scalar wide = shiftRightSigned(top, layout.shift) & layout.mask;
    return wide.bitcast(b.getF32Type()) * b.f32(std::ldexp(1.0, layout.exponent));
  }
  if (pool.bits() == 8)
    return embedByte(b, word, code % 4);
  Embedding embedding = embeddingOf(pool);
  return (codeBits(unit, code, embedding.shift) | embedding.bits).bitcast(b.getF32Type());
}

Scalar CacheReader::tileInteger(const Unit &unit, int64_t element, Scalar point) const {
  double byteBase = embeddingOf(8).power, base = embeddingOf(pool).power;
  auto byte = [&](llvm::ArrayRef<Scalar> words) {
    return embedByte(b, words[element / 4], element % 4);
  };
  Scalar scale = byte(unit.factors) - b.f32(byteBase);
  Scalar zero = byte(unit.offsets) - b.f32(byteBase + 128);
  return fma(point, scale, fma(scale, b.f32(-base), zero));
}

SmallVector<Scalar> CacheReader::elements(const Unit &unit, int64_t token) const {
  SmallVector<Scalar> values;
  for (int64_t i = 0; i < pool.unitElements(); ++i) {
    Scalar value = point(unit, token * pool.unitElements() + i);
    int64_t parameter = pool.format.channels ? i : token * parts() + partOf(i);
    if (pool.format.progressive)
      value = tileInteger(unit, i, value);
    else if (!unit.offsets.empty())
      value = fma(value, unit.factors[parameter], unit.offsets[parameter]);
    else if (!unit.factors.empty())
      value = value * unit.factors[parameter];
    values.push_back(unit.multiplier ? value * unit.multiplier : value);
  }
  return values;
}

SmallVector<Scalar> CacheReader::words(const Unit &unit, int64_t token) const {
  if (pool.isPlain())
    return unit.words;
  SmallVector<Scalar> values = elements(unit, token), words;
  for (size_t i = 0; i < values.size(); i += 2)
    words.push_back(b.packBf16(values[i], values[i + 1]));
  return words;
}

SmallVector<Scalar> CacheReader::pairs(const Unit &first, int64_t firstToken, const Unit &second,
                                       int64_t secondToken) const {
  SmallVector<Scalar> words;
  if (pool.isPlain()) {
    for (auto [low, high] : llvm::zip_equal(first.words, second.words))
      words.append({b.pairLow(low, high), b.pairHigh(low, high)});
    return words;
  }
  for (auto [low, high] :
       llvm::zip_equal(elements(first, firstToken), elements(second, secondToken)))
    words.push_back(b.packBf16(low, high));
  return words;
}
