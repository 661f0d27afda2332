//===- CheckStep.cpp - a step that kernels are checked on -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/check/CheckStep.h"

#include <algorithm>
#include <numeric>

using namespace qopt;

std::optional<CheckStep> CheckStep::draw(const Plan &plan, const StepShape &shape, int64_t past,
                                         std::mt19937 &random) {
  CheckStep step{shape, past, {}, {}, {}};
  int64_t rowsLeft = shape.rows;
  for (int64_t i = 0; i < shape.sequences; ++i) {
    int64_t left = shape.sequences - i;
    // The first has few tokens and the last what is left, so that no two are alike.
    int64_t tokens = left == 1 ? rowsLeft : std::max<int64_t>(1, rowsLeft / (2 * left) + i % 2);
    int64_t pastTokens = past * (shape.sequences - i) / shape.sequences;
    rowsLeft -= tokens;
    int64_t total = pastTokens + tokens;
    if (total > plan.config.maxPosition)
      return std::nullopt;
    int64_t pages = (total + plan.pageTokens - 1) / plan.pageTokens;
    step.sequences.push_back({pastTokens, tokens, std::vector<int32_t>(size_t(pages))});
    step.context = std::max(step.context, total);
    step.maxPages = std::max(step.maxPages, pages);
    step.numPages += pages;
  }
  std::vector<int32_t> pages(size_t(step.numPages));
  std::iota(pages.begin(), pages.end(), 0);
  std::ranges::shuffle(pages, random);
  for (Sequence &sequence : step.sequences)
    for (int32_t &page : sequence.pages) {
      page = pages.back();
      pages.pop_back();
    }
  for (int64_t i = 0; i < shape.rows; ++i)
    step.ids.push_back(int32_t(random() % uint64_t(plan.config.vocabSize)));
  step.headRows.resize(size_t(shape.rows));
  std::iota(step.headRows.begin(), step.headRows.end(), 0);
  std::ranges::shuffle(step.headRows, random);
  return step;
}

std::vector<CheckStep> CheckStep::pastSteps(int64_t most) const {
  std::vector<CheckStep> steps;
  for (int64_t done = 0; done < sequences.front().past; done += most) {
    CheckStep step{{0, shape.sequences}, done, {}, {}, {}, numPages, maxPages, context};
    for (const Sequence &sequence : sequences) {
      const int64_t past = std::min(done, sequence.past);
      step.sequences.push_back({past, std::min(sequence.past - past, most), sequence.pages});
      step.shape.rows += step.sequences.back().tokens;
    }
    step.ids.resize(size_t(step.shape.rows));
    step.headRows.resize(size_t(step.shape.rows));
    steps.push_back(std::move(step));
  }
  return steps;
}
