//===- CacheFormat.h - what keys or values are stored as --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_CACHEFORMAT_H
#define QOPT_RUNTIME_QUANTIZATION_CACHEFORMAT_H

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// Codes that are evenly spaced: `code`, an unsigned integer, stands for `step (code - bias +
/// offset)`, before scale and zero. The bias is the middle of the codes; asymmetric ones count from
/// their zero, which `scale bias` is added to.
struct LinearCode {
  int64_t bias;
  double step, offset;
};

/// How the keys, or the values, of one layer's cache are stored. A head's vector of one token is
/// cut into groups, each `value = scale * code (+ zero)`. As text, the attribute of `llm.cache` and
/// the `format` of plan.json, a code and its words:
///
///     native                              what attention computes with on the target
///     f16, bf16
///     int8, int4, int2                    amax / 127, 7, 1; half-even
///     fp8_e4m3, fp8_e5m2                  amax / 448, 57344
///     uniform2 .. uniform8                odd multiples of 1/(2^b - 1), amax
///     lloyd_max2 .. lloyd_max8            optimal points of a unit Gaussian, root mean square
///       asymmetric                 integers: (max - min) / (2^b - 1) and a zero, the minimum
///       search                     int4 and int2: of the ranges that begin and end up to a part
///                                  within the group's own, that whose codes have the least squared
///                                  error
///       group=N                    elements that share a scale; without it, the head
///       channels                   asymmetric keys: `group` tokens of an element share a scale
///       progressive                by channel, keys or values: a tile of `group` tokens is first
///                                  int8 (amax / 119), and these integers are coded with integer
///                                  scales and zeros (TurboAttention, arXiv 2412.08585)
///       residual=N                 the newest tokens are f16 in a window beside the codes: of
///                                  values N, by channel those after the last whole N (KIVI, arXiv
///                                  2402.02750)
///       scales=BITS:LEAST:RATIO    scales as indices into LEAST * RATIO^i; without it, f16
///       static=SCALE:ZERO          int8: one scale and zero for all tokens and heads
///       hadamard=SEED              rotated before coding (Hadamard.h)
///       before_rope                keys before their rotary embedding and without their bias
///
struct CacheFormat {
  enum class Code : uint8_t { Native, F16, BF16, Integer, Fp8E4M3, Fp8E5M2, Uniform, LloydMax };
  /// Scales as indices of `bits` bits into a table of entries `least * ratio^i`.
  struct ScaleTable {
    int64_t bits;
    double least, ratio;
    bool operator==(const ScaleTable &) const = default;
  };
  struct StaticScale {
    double scale, zero;
    bool operator==(const StaticScale &) const = default;
  };

  Code code = Code::Native;
  int64_t bits = 0;  ///< Of a code: 2, 4 or 8 for integers, 2 to 8 for tables.
  int64_t group = 0; ///< Elements that share a scale; 0: the head.
  bool asymmetric = false;
  bool search = false;
  bool channels = false;
  bool progressive = false;
  int64_t residual = 0; ///< 0: no window.
  std::optional<ScaleTable> scaleTable = std::nullopt;
  std::optional<StaticScale> fixed = std::nullopt;
  std::optional<uint32_t> hadamard = std::nullopt; ///< The seed of the signs.
  bool beforeRope = false;

  bool isNative() const { return code == Code::Native; }
  /// False for native, f16 and bf16, which only round.
  bool isScaled() const { return code >= Code::Integer; }
  /// Whether scales are stored for each token.
  bool storesScales() const { return isScaled() && !fixed; }
  bool storesZeros() const { return storesScales() && asymmetric; }
  bool hasZero() const { return asymmetric || (fixed && fixed->zero != 0); }
  /// Bits that a code takes up in memory where a target's layout has place for that: CPUs take 4 or
  /// 8 for some heads.
  int64_t storedBits() const;
  /// Integers and uniform codes, as they lie in memory; nothing for others.
  std::optional<LinearCode> linear() const;
  /// The largest magnitude of a symmetric code, which amax is divided by.
  double largestCode() const;
  /// Steps from the least code of integers to the greatest: 15 asymmetric ones of 4 bits, 14
  /// symmetric.
  double steps() const { return asymmetric ? double((int64_t(1) << bits) - 1) : 2 * largestCode(); }
  /// Elements of a head that share a token's scale.
  int64_t groupOf(int64_t headDim) const { return group == 0 || channels ? headDim : group; }
  int64_t groupsOf(int64_t headDim) const { return headDim / groupOf(headDim); }
  /// Bytes of one token's head: codes, scales and zeros, without padding. Native is not known here.
  double bytesPerHead(int64_t headDim) const;
  bool operator==(const CacheFormat &) const = default;
};

/// Throws an Error that names the word it does not know, or what does not go together.
CacheFormat parseCacheFormat(std::string_view text);
std::string toText(const CacheFormat &format);

/// A range within that of a group: how far from its ends it begins and ends, in parts of the
/// group's.
struct RangeCut {
  double below, above;
};

/// What `search` chooses from, the whole range first: 16 ranges, or 4 where both ends move
/// together. Ends move by 1/31 of the range for codes of 4 bits, so that no two ranges have the
/// same points, and by 1/16 for 2; the best range of 64 numbers of a Gaussian has 0.86 and 0.53
/// times the squared error of the whole.
std::vector<RangeCut> searchedCuts(const CacheFormat &format);

/// Of the int8 codes of a `progressive` tile: 127 less the half step by which four bits may miss
/// them (QServe's protective range, arXiv 2405.04532).
inline constexpr double kProgressiveRange = 119;

/// Tokens of a sequence that a window holds: those of two pages, the newer ones taking the places
/// of the older. A step appends at most half of them to a sequence, so that all that it reads is
/// there.
inline constexpr int64_t kWindowTokens = 256;

/// Throws an Error that says why heads of `headDim` elements cannot be stored, and what can.
void checkCacheFormat(const CacheFormat &format, bool isKey, int64_t headDim);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_CACHEFORMAT_H
