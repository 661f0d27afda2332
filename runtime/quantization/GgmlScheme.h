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

/// The scheme under which the parts of a block type (GgmlType.h) stand for the same values, bit for
/// bit: codes of 4 bits where they fit, else of 8, in groups. It says how to read codes; the K
/// types' choice of scales is a search of their own.
Scheme ggmlScheme(GgmlType type);

} // namespace qopt

#endif // QOPT_RUNTIME_QUANTIZATION_GGMLSCHEME_H
