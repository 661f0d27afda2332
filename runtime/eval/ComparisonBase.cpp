//===- ComparisonBase.cpp - what models are compared with -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/ComparisonBase.h"
#include "runtime/eval/Divergence.h"

using namespace qopt;

void ModelBase::read(const Window &window, std::span<double> rows) {
  const size_t vocab = rows.size() / window.numScored();
  model.visitLogits(
      std::span(&window, 1), [&](size_t, size_t position, std::span<const float> logits) {
        logSoftmax(logits, rows.subspan((position - window.firstScored) * vocab, vocab));
      });
  if (keep)
    for (size_t row = 0; row < window.numScored(); ++row)
      keep->append(rows.subspan(row * vocab, vocab));
}

void FileBase::read(const Window &window, std::span<double> rows) {
  const size_t vocab = rows.size() / window.numScored();
  for (size_t row = 0; row < window.numScored(); ++row)
    file.read(nextRow++, rows.subspan(row * vocab, vocab));
}
