//===- Window.cpp - cutting token sequences into windows ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Window.h"
#include <algorithm>
#include <cassert>

namespace qopt {

static std::vector<Window> disjointWindows(std::span<const int32_t> tokens, size_t ctx,
                                           size_t firstScored) {
  assert(firstScored >= 1 && firstScored < ctx);
  std::vector<Window> windows;
  for (size_t begin = 0; begin + ctx <= tokens.size(); begin += ctx) {
    auto run = tokens.subspan(begin, ctx);
    windows.push_back({{run.begin(), run.end()}, firstScored});
  }
  return windows;
}

std::vector<Window> llamaCppWindows(std::span<const int32_t> tokens, int64_t ctx,
                                    std::optional<int32_t> bos) {
  std::vector<Window> windows = disjointWindows(tokens, size_t(ctx), size_t(ctx) / 2 + 1);
  if (bos)
    for (Window &window : windows)
      window.tokens.front() = *bos;
  return windows;
}

std::vector<Window> gptqWindows(std::span<const int32_t> tokens, int64_t ctx) {
  return disjointWindows(tokens, size_t(ctx), 1);
}

std::vector<Window> rollingWindows(std::span<const int32_t> tokens, int64_t ctx, int32_t prefix) {
  assert(ctx >= 1);
  std::vector<Window> windows;
  const size_t limit = size_t(ctx);
  for (size_t begin = 0; begin < tokens.size();) {
    const size_t end = std::min(begin + limit, tokens.size());
    // One token of context is enough to predict the first; a short last window takes as much more
    // as fits, and only at the text's start is there none.
    const size_t contextBegin = begin == 0 ? 0 : end - limit - 1;
    Window window{{}, begin - contextBegin};
    if (begin == 0) {
      window.tokens.push_back(prefix);
      window.firstScored = 1;
    }
    window.tokens.insert(window.tokens.end(), tokens.begin() + contextBegin, tokens.begin() + end);
    windows.push_back(std::move(window));
    begin = end;
  }
  return windows;
}

} // namespace qopt
