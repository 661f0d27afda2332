//===- PanelFormat.h - how a packed weight lies in memory -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_PANELFORMAT_H
#define QOPT_LOWERING_CPU_PANELFORMAT_H

#include "dialects/kernel/Kernel.h"

namespace qopt::cpu {

/// A weight in panels (llm.pack): floats `[panels, k, 32]`, or codes in the same order, of 4 bits
/// two to a byte, of 6 four to three (q.compact), with scales and perhaps zeros `[panels, groups,
/// 32]` beside them, which may be f16 or multiples of one.
struct PanelFormat {
  mlir::Type type;      ///< f32, bf16, f16, or i8 for codes
  q::SchemeAttr scheme; ///< null for floats
  int64_t k;            ///< rows of a panel
  bool hasSixBits = false;
  mlir::Type parameterType = {}; ///< of scales and zeros: f32, f16, or i8 for multiples
  /// Whether one scale a column multiplies finished sums instead of each code.
  bool scalesSums = false;

  static PanelFormat floats(mlir::Type type, int64_t k) { return {type, q::SchemeAttr(), k}; }
  static PanelFormat of(mlir::Value packed, mlir::ValueRange parameters, q::SchemeAttr scheme,
                        int64_t k);

  bool isCodes() const { return bool(scheme); }
  bool hasZeros() const { return scheme && scheme.parameterCount() == 2; }
  int64_t groups() const { return scheme ? scheme.groupsOf(k) : 1; }
  int64_t groupSize() const { return k / groups(); }

  /// Elements of a column that share bytes: 2 of 4 bits, 4 of 6.
  int64_t depth() const {
    return hasSixBits ? 4 : scheme && scheme.codeType().isInteger(4) ? 2 : 1;
  }
  /// Bytes of what is stored of a panel for `depth()` elements of k.
  int64_t rowBytes() const;
  int64_t panelBytes() const { return llvm::divideCeil(k, depth()) * rowBytes(); }

  bool hasMultiples() const { return parameterType && parameterType.isInteger(8); }
  /// Groups whose parameters lie together: those that share an f16.
  int64_t groupsTogether() const { return hasMultiples() ? q::groupsOfProduct(scheme) : 1; }
  /// Bytes of the scales, or of the zeros, of a panel, and of groups that lie together.
  int64_t parameterBytesTogether() const;
  int64_t parameterBytes() const { return groups() / groupsTogether() * parameterBytesTogether(); }

  /// Part of the name of functions that read it: "bf16", "int4_g32_minimum".
  std::string name() const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_PANELFORMAT_H
