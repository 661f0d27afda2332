//===- CodedHead.cpp - what a head is after coding ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/CodedHead.h"
#include "runtime/formats/FloatConvert.h"
#include "runtime/quantization/Hadamard.h"
#include "runtime/quantization/LloydMax.h"
#include "runtime/quantization/MiniFloat.h"
#include <bit>
#include <cmath>
#include <span>

using namespace qopt;
using namespace qopt::test;

double test::roundToF16(double value) { return f16ToF32(f32ToF16(float(value))); }

/// The values of all codes.
static Vector allCodes(const CacheFormat &format) {
  Vector codes;
  switch (format.code) {
  case CacheFormat::Code::Integer: {
    int64_t count = int64_t(1) << format.bits;
    for (int64_t code = 0; code < count; ++code)
      if (format.asymmetric || code > 0)
        codes.push_back(double(format.asymmetric ? code : code - count / 2));
    break;
  }
  case CacheFormat::Code::Fp8E4M3:
  case CacheFormat::Code::Fp8E5M2:
    for (int code = 0; code < 256; ++code) {
      bool isE5M2 = format.code == CacheFormat::Code::Fp8E5M2;
      if ((code & 127) <= (isE5M2 ? Fp8E5M2::kMaxCode : Fp8E4M3::kMaxCode))
        codes.push_back(isE5M2 ? Fp8E5M2::decode(uint8_t(code)) : Fp8E4M3::decode(uint8_t(code)));
    }
    break;
  case CacheFormat::Code::Uniform:
    for (int64_t code = 1 - (int64_t(1) << format.bits); code < int64_t(1) << format.bits;
         code += 2)
      codes.push_back(double(code) / double((int64_t(1) << format.bits) - 1));
    break;
  default:
    codes = lloydMaxPoints(format.bits);
  }
  return codes;
}

/// The entry of the format's table of scales that stands for `scale`.
static double tableEntry(const CacheFormat &format, double scale) {
  double best = 0, distance = INFINITY;
  bool isNearest = format.code == CacheFormat::Code::LloydMax;
  for (int64_t i = (int64_t(1) << format.scaleTable->bits) - 1; i >= 0; --i) {
    double entry = format.scaleTable->least * std::pow(format.scaleTable->ratio, double(i));
    if (best == 0)
      best = entry; // beyond the table
    if (isNearest && std::abs(std::log(entry / scale)) < distance) {
      distance = std::abs(std::log(entry / scale));
      best = entry;
    }
    if (!isNearest && entry >= scale)
      best = entry;
  }
  return best;
}

/// Of the ranges that begin and end 0 to 3 times 1/31 (codes of 2 bits: 1/16) of the whole within
/// it, the one whose evenly spaced points are nearest.
static void search(std::span<const double> group, const CacheFormat &format, double &least,
                   double &most) {
  const double size = most - least, part = size / (format.bits == 2 ? 16 : 31), first = least,
               last = most;
  const int64_t points = (int64_t(1) << format.bits) - (format.asymmetric ? 0 : 1);
  double best = INFINITY;
  for (int below = 0; below < 4; ++below)
    for (int above = 0; above < 4; ++above) {
      if (!format.asymmetric && below != above)
        continue;
      const double from = first + below * part, to = last - above * part;
      double error = 0;
      for (double x : group) {
        double nearest = INFINITY;
        for (int64_t i = 0; i < points; ++i)
          nearest =
              std::min(nearest, std::abs(x - from - double(i) * (to - from) / double(points - 1)));
        error += nearest * nearest;
      }
      if (error < best) {
        best = error;
        least = from;
        most = to;
      }
    }
}

/// What a group is after coding and decoding.
static void code(std::span<double> group, const CacheFormat &format) {
  double most = -INFINITY, least = INFINITY, squares = 0;
  for (double x : group) {
    most = std::max(most, x);
    least = std::min(least, x);
    squares += x * x / double(group.size());
  }
  if (format.search) {
    if (!format.asymmetric) {
      most = std::max(most, -least);
      least = -most;
    }
    search(group, format, least, most);
  }
  double scale = std::max(most, -least) / format.largestCode(), zero = 0;
  if (format.code == CacheFormat::Code::LloydMax)
    scale = std::sqrt(squares);
  if (format.asymmetric) {
    scale = (most - least) / double((int64_t(1) << format.bits) - 1);
    zero = roundToF16(least);
  }
  scale = format.scaleTable ? tableEntry(format, scale) : roundToF16(scale);
  if (format.fixed) {
    scale = format.fixed->scale;
    zero = format.fixed->zero;
  }
  const Vector codes = allCodes(format);
  for (double &x : group) {
    double best = codes.front();
    for (double candidate : codes)
      if (std::abs(x - zero - scale * candidate) < std::abs(x - zero - scale * best))
        best = candidate;
    x = scale * best + zero;
  }
}

/// By the matrix itself.
static Vector rotated(const Vector &x, std::span<const float> signs, bool isBack) {
  Vector result(x.size());
  for (size_t i = 0; i < x.size(); ++i)
    for (size_t j = 0; j < x.size(); ++j) {
      double sign = signs[isBack ? i : j] * (std::popcount(i & j) % 2 ? -1 : 1);
      result[i] += sign * x[j] / std::sqrt(double(x.size()));
    }
  return result;
}

Vector test::codedHead(const float *head, int64_t dim, const CacheFormat &format) {
  Vector x(head, head + dim);
  std::vector<float> signs;
  if (format.hadamard) {
    signs = hadamardSigns(*format.hadamard, dim);
    x = rotated(x, signs, false);
  }
  if (format.code == CacheFormat::Code::F16)
    for (double &value : x)
      value = roundToF16(value);
  if (format.code == CacheFormat::Code::BF16)
    for (double &value : x)
      value = bf16ToF32(f32ToBf16(float(value)));
  if (format.isScaled())
    for (int64_t i = 0; i < dim; i += format.groupOf(dim))
      code(std::span(x).subspan(size_t(i), size_t(format.groupOf(dim))), format);
  return format.hadamard ? rotated(x, signs, true) : x;
}
