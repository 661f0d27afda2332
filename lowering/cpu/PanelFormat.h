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
/// two to a byte, with scales and perhaps zeros `[panels, groups, 32]` beside them.
struct PanelFormat {
  mlir::Type type;      ///< f32, bf16, f16, or i8 for codes
  q::SchemeAttr scheme; ///< null for floats
  int64_t k;            ///< rows of a panel
  /// Whether one scale a column multiplies finished sums instead of each code.
  bool scalesSums = false;

  static PanelFormat floats(mlir::Type type, int64_t k) { return {type, q::SchemeAttr(), k}; }
  static PanelFormat of(mlir::Value packed, q::SchemeAttr scheme, int64_t k);

  bool isCodes() const { return bool(scheme); }
  bool hasZeros() const { return scheme && scheme.parameterCount() == 2; }
  int64_t groups() const { return scheme ? scheme.groupsOf(k) : 1; }
  int64_t groupSize() const { return k / groups(); }

  /// Elements of a column that share a byte: 2 of 4 bits.
  int64_t depth() const { return scheme && scheme.codeType().isInteger(4) ? 2 : 1; }
  /// Bytes of what is stored of a panel for `depth()` elements of k.
  int64_t rowBytes() const;
  int64_t panelBytes() const { return llvm::divideCeil(k, depth()) * rowBytes(); }

  /// Part of the name of functions that read it: "bf16", "int4_g32_minimum".
  std::string name() const;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_PANELFORMAT_H
