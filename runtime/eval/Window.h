//===- Window.h - tokens to evaluate and to score together ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_WINDOW_H
#define QOPT_RUNTIME_EVAL_WINDOW_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace qopt {

/// Tokens evaluated from an empty context. Those from `firstScored` (at least 1) on are scored,
/// each given all tokens of the window before it. The last one is only ever predicted, so a model
/// with a context of C tokens takes windows of up to C + 1.
struct Window {
  std::vector<int32_t> tokens;
  size_t firstScored;

  size_t numScored() const { return tokens.size() - firstScored; }
  bool operator==(const Window &) const = default;
};

/// llama.cpp's chunks: `tokens.size() / ctx` disjoint runs of `ctx` tokens, the first token of each
/// overwritten with `bos` if given, tokens from ctx / 2 + 1 on scored. At least 3 tokens of
/// context.
std::vector<Window> llamaCppWindows(std::span<const int32_t> tokens, int64_t ctx,
                                    std::optional<int32_t> bos);

/// GPTQ's windows: `tokens.size() / ctx` disjoint runs of `ctx` tokens, all but the first scored.
/// At least 2 tokens of context.
std::vector<Window> gptqWindows(std::span<const int32_t> tokens, int64_t ctx);

/// lm-eval's rolling windows: every token is scored exactly once, the first one given `prefix`. A
/// window scores up to `ctx` tokens after one token of context, except that the last window's
/// context reaches back until it, too, evaluates `ctx` tokens.
std::vector<Window> rollingWindows(std::span<const int32_t> tokens, int64_t ctx, int32_t prefix);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_WINDOW_H
