//===- GgmlScheme.cpp - ggml's blocks as schemes --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/quantization/GgmlScheme.h"

#include <cassert>

namespace qopt {

Scheme ggmlScheme(GgmlType type) {
  const GgmlTraits &traits = ggmlTraits(type);
  assert(traits.isBlocks() && "plain floats have no scheme");
  bool is4Bit = traits.maxCode - traits.minCode < 16;
  Scheme scheme = makeScheme(is4Bit ? Storage::Int4 : Storage::Int8, traits.hasZeros, Preset::Ggml);
  scheme.granularity = Granularity::Group;
  scheme.blockRows = 1;
  scheme.blockColumns = traits.groupElements;
  scheme.minCode = traits.minCode;
  scheme.maxCode = traits.maxCode;
  scheme.divisor = traits.hasZeros ? traits.maxCode : -double(traits.minCode);
  if (type == GgmlType::Q8_0)
    scheme.divisor = traits.maxCode;
  if (type == GgmlType::MXFP4)
    scheme.scaleType = ScaleType::E8M0;
  // Those of K blocks are products of two numbers.
  if (traits.blockElements > 32)
    scheme.scaleType = ScaleType::F32;
  return scheme;
}

} // namespace qopt
