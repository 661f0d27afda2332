//===- MatrixTile.h - products of small matrices ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of floats are exact in double. They are added to C in double, in the order of k, and the
// sum is rounded once: tensor cores, whose order and intermediate precision NVIDIA does not
// document, come a little less close to the real sum. Integer sums are exact.
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MATRIXTILE_H
#define QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MATRIXTILE_H

#include "runtime/emulator/exec/Warp.h"
#include "runtime/emulator/instructions/Element.h"
#include "runtime/emulator/numerics/FloatFormat.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace qopt::emulator {

/// Elements of a matrix: how they are stored, and the numbers that they are computed with.
template <Type type> struct Matter;
template <> struct Matter<Type::F16> {
  using Stored = uint16_t;
  using Value = double;
  static double value(uint16_t bits) { return f16ToF32(bits); }
};
template <> struct Matter<Type::BF16> {
  using Stored = uint16_t;
  using Value = double;
  static double value(uint16_t bits) { return bf16ToF32(bits); }
};
template <> struct Matter<Type::TF32> {
  using Stored = uint32_t;
  using Value = double;
  static double value(uint32_t bits) { return std::bit_cast<float>(bits & 0xffffe000); }
};
inline std::array<double, 256> valuesOfCodes(Type type) {
  std::array<double, 256> values;
  for (uint32_t code = 0; code < 256; ++code)
    values[code] = decodeFloat(code, floatFormat(type));
  return values;
}
template <Type type> struct EightBits {
  using Stored = uint8_t;
  using Value = double;
  inline static const std::array<double, 256> values = valuesOfCodes(type);
  static double value(uint8_t bits) { return values[bits]; }
};
template <> struct Matter<Type::E4M3> : EightBits<Type::E4M3> {};
template <> struct Matter<Type::E5M2> : EightBits<Type::E5M2> {};
template <> struct Matter<Type::S8> {
  using Stored = int8_t;
  using Value = int32_t;
  static int32_t value(int8_t bits) { return bits; }
};
template <> struct Matter<Type::U8> {
  using Stored = uint8_t;
  using Value = int32_t;
  static int32_t value(uint8_t bits) { return bits; }
};

constexpr unsigned matrixElementBits(Type type) {
  return type == Type::TF32 ? 32 : (type == Type::F16 || type == Type::BF16 ? 16 : 8);
}

inline int32_t multiplyAdd(int32_t a, int32_t b, int32_t c) { return a * b + c; }
/// The product is exact, so that it does not matter whether it is rounded.
inline double multiplyAdd(double a, double b, double c) {
#ifdef __FMA__
  return std::fma(a, b, c);
#else
  return a * b + c;
#endif
}

/// sums += a b, of M x K and K x 8 elements, and the places of elements in registers. With
/// g = lane / 4, t = lane % 4, p elements in a register and h = M / 8:
///
/// * A: register r, element i is in row g + 8 (r % h) and column 4p (r / h) + p t + i.
/// * B: register r, element i is in row 4p r + p t + i and column g.
/// * C and D: element 2j + i is in row g + 8j and column 2t + i; two f16 share a register.
///
/// So what four lanes have in a register of A or B follows each other in a row or column, and the
/// lanes of two elements of C are the rows of eight elements, one after the other.
template <unsigned M, unsigned K, Type TypeA, Type TypeB> struct MatrixTile {
  using Value = typename Matter<TypeA>::Value;
  using StoredA = typename Matter<TypeA>::Stored;
  using StoredB = typename Matter<TypeB>::Stored;
  static constexpr bool isInteger = std::is_same_v<Value, int32_t>;
  static constexpr unsigned columns = 8, halves = M / 8;
  static constexpr unsigned chunk = 16 / sizeof(StoredA); ///< elements of four lanes

  Value a[M][K], b[K][columns], sums[M][columns];

  void setA(unsigned r, const uint32_t *registers) {
    StoredA stored[8][chunk];
    memcpy(stored, registers, sizeof(stored));
    for (unsigned g = 0; g < 8; ++g)
      for (unsigned i = 0; i < chunk; ++i)
        a[g + 8 * (r % halves)][chunk * (r / halves) + i] = Matter<TypeA>::value(stored[g][i]);
  }

  void setB(unsigned r, const uint32_t *registers) {
    StoredB stored[columns][chunk];
    memcpy(stored, registers, sizeof(stored));
    for (unsigned i = 0; i < chunk; ++i)
      for (unsigned g = 0; g < columns; ++g)
        b[chunk * r + i][g] = Matter<TypeB>::value(stored[g][i]);
  }

  /// Rows 8j to 8j + 7 of the sums, element i of each pair: one for each lane.
  Value &sum(unsigned j, unsigned i, unsigned lane) { return (&sums[8 * j][0])[2 * lane + i]; }

  void setSums(unsigned j, const uint32_t *first, const uint32_t *second) {
    for (unsigned lane = 0; lane < kWarpSize; ++lane) {
      sum(j, 0, lane) = std::bit_cast<float>(first[lane]);
      sum(j, 1, lane) = std::bit_cast<float>(second[lane]);
    }
  }
  void getSums(unsigned j, uint32_t *first, uint32_t *second) {
    for (unsigned lane = 0; lane < kWarpSize; ++lane) {
      first[lane] = Element<float>::put(float(sum(j, 0, lane)));
      second[lane] = Element<float>::put(float(sum(j, 1, lane)));
    }
  }

  /// Pairs of f16 in a register.
  void setHalfSums(unsigned j, const uint32_t *pairs) {
    for (unsigned lane = 0; lane < kWarpSize; ++lane) {
      sum(j, 0, lane) = Element<F16>::get(pairs[lane] & 0xffff);
      sum(j, 1, lane) = Element<F16>::get(pairs[lane] >> 16);
    }
  }
  void getHalfSums(unsigned j, uint32_t *pairs) {
    for (unsigned lane = 0; lane < kWarpSize; ++lane)
      pairs[lane] = Element<F16>::put(double(sum(j, 0, lane))) |
                    Element<F16>::put(double(sum(j, 1, lane))) << 16;
  }

  void clearSums() { std::fill_n(&sums[0][0], M * columns, Value(0)); }
  /// c + sum for each lane and element, with `clamps` between the least and largest integer.
  void addIntegerSums(unsigned j, unsigned i, const uint32_t *c, uint32_t *d, bool clamps) {
    for (unsigned lane = 0; lane < kWarpSize; ++lane) {
      int64_t total = int64_t(sum(j, i, lane)) + int32_t(c[lane]);
      if (clamps)
        total = std::clamp<int64_t>(total, INT32_MIN, INT32_MAX);
      d[lane] = uint32_t(total);
    }
  }

  /// Four rows at a time stay in vector registers.
  void multiply() {
    constexpr unsigned tile = 4;
    for (unsigned first = 0; first < M; first += tile) {
      Value totals[tile][columns];
      std::copy_n(&sums[first][0], tile * columns, &totals[0][0]);
      for (unsigned k = 0; k < K; ++k)
        for (unsigned m = 0; m < tile; ++m)
          for (unsigned n = 0; n < columns; ++n)
            totals[m][n] = multiplyAdd(a[first + m][k], b[k][n], totals[m][n]);
      std::copy_n(&totals[0][0], tile * columns, &sums[first][0]);
    }
  }
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_INSTRUCTIONS_MATRIXTILE_H
