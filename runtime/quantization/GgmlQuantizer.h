//===- GgmlQuantizer.h - values to ggml's blocks ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_GGMLQUANTIZER_H
#define QOPT_RUNTIME_QUANTIZATION_GGMLQUANTIZER_H

#include "runtime/formats/GgmlType.h"

namespace qopt {

/// Quantizes consecutive blocks of finite values into the parts that unpackBlocks gives of them.
/// The types of 32 elements are, bit for bit, those of ggml's reference quantizers. The K types
/// minimize the squared error in a search of their own (GgmlSearch.h). Throws an Error if a scale
/// is beyond f16, or the type is no target.
void quantizeGgml(GgmlType type, std::span<const float> values, const BlockParts &parts);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_GGMLQUANTIZER_H
