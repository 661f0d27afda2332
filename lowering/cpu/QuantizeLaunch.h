//===- QuantizeLaunch.h - items and scratch of a quantize -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_QUANTIZELAUNCH_H
#define QOPT_LOWERING_CPU_QUANTIZELAUNCH_H

#include "dialects/kernel/Kernel.h"

namespace qopt::cpu {

/// Whether all rows share a scale that is computed from them: they are one item then.
bool isQuantizedTogether(kernel::QuantizeOp op);

/// One row of f32, where what is quantized is not an input itself.
int64_t quantizeScratchBytes(kernel::QuantizeOp op);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_QUANTIZELAUNCH_H
