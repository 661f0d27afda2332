//===- CompareModels.cpp - models against a base, over one text -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/CompareModels.h"
#include <algorithm>

namespace qopt {

/// `values` of windows one after the other, averaged over the windows; the last may be shorter.
static std::vector<double> meanByPosition(std::span<const double> values,
                                          std::span<const Window> windows) {
  std::vector<double> sums, counts;
  size_t next = 0;
  for (const Window &window : windows)
    for (size_t i = 0; i < window.numScored(); ++i) {
      sums.resize(std::max(sums.size(), i + 1));
      counts.resize(sums.size());
      sums[i] += values[next++];
      ++counts[i];
    }
  for (size_t i = 0; i < sums.size(); ++i)
    sums[i] /= counts[i];
  return sums;
}

Comparison compareModels(ComparisonBase &base, std::span<LogitsSource *const> models,
                         std::span<const Window> windows, size_t vocabSize,
                         const std::function<void(size_t)> &progress) {
  std::vector<Divergence> divergences(models.size(), Divergence(base.leastKnown()));
  std::vector<double> baseRows, row(vocabSize), baseNll;
  for (size_t i = 0; i < windows.size(); ++i) {
    const Window &window = windows[i];
    baseRows.resize(window.numScored() * vocabSize);
    base.read(window, baseRows);
    auto baseRow = [&](size_t position) {
      return std::span(baseRows).subspan((position - window.firstScored) * vocabSize, vocabSize);
    };
    for (size_t t = window.firstScored; t < window.tokens.size(); ++t)
      baseNll.push_back(-baseRow(t)[size_t(window.tokens[t])]);
    for (size_t m = 0; m < models.size(); ++m)
      models[m]->visitLogits(std::span(&window, 1),
                             [&](size_t, size_t position, std::span<const float> logits) {
                               logSoftmax(logits, row);
                               divergences[m].add(baseRow(position), row, window.tokens[position]);
                             });
    progress(i + 1);
  }
  Comparison result{int64_t(baseNll.size()), estimatePerplexity(baseNll), {}, {}};
  for (const Divergence &divergence : divergences) {
    result.models.push_back(divergence.result());
    result.klByPosition.push_back(meanByPosition(divergence.klDivergences(), windows));
  }
  return result;
}

} // namespace qopt
