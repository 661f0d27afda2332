//===- GgmlScheme.h - ggml's blocks as schemes ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_QUANTIZATION_GGMLSCHEME_H
#define QOPT_RUNTIME_QUANTIZATION_GGMLSCHEME_H

#include "runtime/formats/GgmlType.h"
#include "runtime/quantization/Scheme.h"

namespace qopt {

/// Columns that share the f16 of ScaleType::F16Multiple.
inline constexpr int64_t kSharedScaleColumns = 256;

/// The scheme under which the parts of a block type (GgmlType.h) stand for the same values, bit for
/// bit: codes of 4 bits where they fit, else of 8, in groups; Arithmetic::Ggml says how codes and
/// scales are chosen (GgmlQuantizer.h).
Scheme ggmlScheme(GgmlType type);

/// The type that a scheme with Arithmetic::Ggml is of; nothing for other schemes.
std::optional<GgmlType> ggmlTypeOf(const Scheme &scheme);

/// "q4_k" for Q4_K: the types that values can be quantized to, as users spell them.
std::optional<GgmlType> parseGgmlTarget(std::string_view name);
std::span<const std::string_view> ggmlTargetNames();

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_GGMLSCHEME_H
