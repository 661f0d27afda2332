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
  std::vector<int32_t> prefixed = {prefix};
  prefixed.insert(prefixed.end(), tokens.begin(), tokens.end());

  std::vector<Window> windows;
  const size_t limit = size_t(ctx);
  for (size_t begin = 1, end; begin < prefixed.size(); begin = end) {
    end = std::min(begin + limit, prefixed.size());
    // A full window has one token of context; a shorter one as much more as fits.
    const size_t contextBegin = end > limit + 1 ? end - limit - 1 : 0;
    windows.push_back(
        {{prefixed.begin() + contextBegin, prefixed.begin() + end}, begin - contextBegin});
  }
  return windows;
}

} // namespace qopt
