//===- LogitsSource.cpp - what perplexity needs of a model ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/LogitsSource.h"
#include "runtime/session/LogProbability.h"

using namespace qopt;

void LogitsSource::visitScores(std::span<const Window> windows, const ScoreVisitor &visit) {
  visitLogits(windows, [&](size_t window, size_t position, std::span<const float> logits) {
    visit(window, position, LogSoftmax(logits).score(windows[window].tokens[position]));
  });
}
