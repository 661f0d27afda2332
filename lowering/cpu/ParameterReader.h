//===- ParameterReader.h - scales and zeros of panels -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_PARAMETERREADER_H
#define QOPT_LOWERING_CPU_PARAMETERREADER_H

#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/PanelFormat.h"

namespace qopt::cpu {

/// Loads scales or zeros of a panel as f32, whatever they are stored as.
class ParameterReader {
public:
  ParameterReader(CodeBuilder &b, const PanelFormat &format) : b(b), format(format) {}

  /// Where those of `panel` begin.
  mlir::Value panelAt(mlir::Value parameters, mlir::Value panel);
  /// Where those of a group begin, the first of those that lie together.
  mlir::Value groupAt(mlir::Value panel, mlir::Value group);
  /// 16 columns from `lane` on of a group, counted from where `from` is, which `panelAt` or
  /// `groupAt` gave; the lane may have been added to it, as bytes (laneBytes).
  mlir::Value load(mlir::Value from, mlir::Value group, int64_t lane);
  /// Bytes from one column to the next.
  int64_t laneBytes() const { return format.parameterType.getIntOrFloatBitWidth() / 8; }

private:
  mlir::Value loadMultiple(mlir::Value from, mlir::Value group, int64_t lane);

  CodeBuilder &b;
  const PanelFormat &format;
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_PARAMETERREADER_H
