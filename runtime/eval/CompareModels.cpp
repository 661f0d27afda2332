//===- CompareModels.cpp - models against a base, over one text -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/CompareModels.h"

namespace qopt {

std::vector<DivergenceResult> compareModels(LogitsSource &base,
                                            std::span<LogitsSource *const> models,
                                            std::span<const Window> windows, size_t vocabSize,
                                            const std::function<void(size_t)> &progress) {
  std::vector<Divergence> divergences(models.size());
  std::vector<double> baseRows, row(vocabSize);
  for (size_t i = 0; i < windows.size(); ++i) {
    const Window &window = windows[i];
    baseRows.resize(window.numScored() * vocabSize);
    auto baseRow = [&](size_t position) {
      return std::span(baseRows).subspan((position - window.firstScored) * vocabSize, vocabSize);
    };
    base.visitLogits(std::span(&window, 1),
                     [&](size_t, size_t position, std::span<const float> logits) {
                       logSoftmax(logits, baseRow(position));
                     });
    for (size_t m = 0; m < models.size(); ++m)
      models[m]->visitLogits(std::span(&window, 1),
                             [&](size_t, size_t position, std::span<const float> logits) {
                               logSoftmax(logits, row);
                               divergences[m].add(baseRow(position), row, window.tokens[position]);
                             });
    progress(i + 1);
  }
  std::vector<DivergenceResult> results;
  for (const Divergence &divergence : divergences)
    results.push_back(divergence.result());
  return results;
}

} // namespace qopt
