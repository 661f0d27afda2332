//===- ParamGguf.h - parameters that are tensors of GGUF files --*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PARAMGGUF_H
#define QOPT_LOWERING_ARTIFACT_PARAMGGUF_H

#include "lowering/artifact/ParamGgmlParts.h"
#include "runtime/formats/GgufCheckpoint.h"

namespace qopt {

/// A tensor of a file, which must outlive what is made of it.
struct GgufSource {
  const GgufFile *file;
  const GgufTensor *tensor;
  int64_t heads = 0; ///< Whose rows are interleaved (GgufNames.h); 0 for none.
};

/// Its numbers, decoded and rounded to `dtype`: F32, F16 or BF16.
ParamExpressionPtr makeGgufValues(const GgufSource &source, DType dtype);

/// The parts of a matrix of a block type.
QuantizedParams makeGgufParts(const GgufSource &source);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PARAMGGUF_H
