//===- PanelReader.h - rows of packed weights as vectors --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_PANELREADER_H
#define QOPT_LOWERING_CPU_PANELREADER_H

#include "lowering/cpu/CodeBuilder.h"
#include "lowering/cpu/CpuLevel.h"
#include "lowering/cpu/PanelFormat.h"

namespace qopt::cpu {

/// A place in a panel, at an element of k that begins groups that lie together, and
/// where its scales and zeros are; null where the format has none.
struct PanelPointers {
  mlir::Value weights, scales, zeros;

  /// Those that are not null, in order, and back.
  CodeBuilder::Values values() const;
  static PanelPointers fromValues(mlir::ValueRange values);
  size_t size() const { return values().size(); }
};

/// Requests for weights that are wanted later, `distance` bytes behind those at hand.
struct Prefetch {
  int64_t distance = 0; ///< 0 for none
  bool intoL1 = false;
};

/// Emits loops over k in which weights are vectors of f32, whatever they are stored as: floats are
/// widened, codes dequantized, `(code - zero) * scale` or `code * scale + zero`, as
/// runtime/quantization decodes them. `streams` panels that follow each other are read side by
/// side.
class PanelReader {
public:
  using Values = CodeBuilder::Values;
  /// 16 columns, from `lane` on, of the panel `stream` behind the first.
  using Load = llvm::function_ref<mlir::Value(int64_t stream, int64_t lane)>;
  using Step = llvm::function_ref<Values(mlir::Value k, Load load, mlir::ValueRange state)>;

  PanelReader(CodeBuilder &b, CpuLevel level, const PanelFormat &format, PanelPointers at,
              int64_t streams = 1, Prefetch prefetch = {});

  /// Takes a step for each k of `[0, count)` in order, from the place of the pointers on. `count`
  /// is a multiple of `multiple`, and of the group where there are several.
  Values forEachK(mlir::Value count, int64_t multiple, mlir::ValueRange state, Step step);

private:
  Values forEachInGroup(mlir::Value first, mlir::Value count, int64_t multiple,
                        mlir::ValueRange state, Step step);
  Values takeSteps(mlir::Value k, int64_t steps, mlir::ValueRange state, Step step);
  void loadParameters(mlir::Value group);
  void requestRows(mlir::Value row);
  mlir::Value rowAddress(mlir::Value row, int64_t stream);
  mlir::Value load(mlir::Value row, int64_t half, int64_t stream, int64_t lane);

  CodeBuilder &b;
  CpuLevel level;
  PanelFormat format;
  PanelPointers at;
  int64_t streams;
  Prefetch prefetch;
  Values scales, zeros; ///< of the group at hand: two vectors a stream
};

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_PANELREADER_H
