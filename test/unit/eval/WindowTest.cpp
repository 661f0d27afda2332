//===- WindowTest.cpp - how each convention cuts tokens up ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/Window.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace qopt;

namespace {

std::vector<int32_t> range(int32_t begin, int32_t end) {
  std::vector<int32_t> values(static_cast<size_t>(end - begin));
  std::iota(values.begin(), values.end(), begin);
  return values;
}

TEST(LlamaCppWindows, OverwriteTheFirstTokenAndScoreTheSecondHalf) {
  const std::vector<Window> windows = llamaCppWindows(range(100, 118), 8, 1);
  ASSERT_EQ(windows.size(), 2u); // 18 / 8; the tail of 2 is dropped.
  EXPECT_EQ(windows[0], (Window{{1, 101, 102, 103, 104, 105, 106, 107}, 5}));
  EXPECT_EQ(windows[1], (Window{{1, 109, 110, 111, 112, 113, 114, 115}, 5}));
}

TEST(LlamaCppWindows, Score255Of512) {
  const std::vector<Window> windows = llamaCppWindows(range(0, 1024), 512, std::nullopt);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0].numScored(), 255u);
  EXPECT_EQ(windows[0].tokens.front(), 0);
  EXPECT_EQ(windows[1].tokens.front(), 512);
}

TEST(LlamaCppWindows, RoundTheHalfOfAnOddContextDown) {
  // first = 7 / 2 = 3: logits at 3, 4, 5 predict tokens 4, 5, 6.
  EXPECT_EQ(llamaCppWindows(range(0, 7), 7, std::nullopt)[0].firstScored, 4u);
}

TEST(GptqWindows, ScoreAllButTheFirstToken) {
  const std::vector<Window> windows = gptqWindows(range(100, 111), 5);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0], (Window{{100, 101, 102, 103, 104}, 1}));
  EXPECT_EQ(windows[1], (Window{{105, 106, 107, 108, 109}, 1}));
}

// The expected windows below are what lm_eval.utils.get_rolling_token_windows and
// make_disjoint_window give for max_seq_len = 10, context_len = 1: [context + continuation].
TEST(RollingWindows, GiveAShortTextOneWindow) {
  const std::vector<Window> windows = rollingWindows(range(100, 104), 10, 1);
  ASSERT_EQ(windows.size(), 1u);
  EXPECT_EQ(windows[0], (Window{{1, 100, 101, 102, 103}, 1}));
}

TEST(RollingWindows, ContinueAfterOneTokenOfContext) {
  const std::vector<Window> windows = rollingWindows(range(100, 120), 10, 1);
  ASSERT_EQ(windows.size(), 2u);
  EXPECT_EQ(windows[0], (Window{{1, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109}, 1}));
  EXPECT_EQ(windows[1], (Window{range(109, 120), 1}));
}

TEST(RollingWindows, FillTheLastOneWithContext) {
  const std::vector<Window> windows = rollingWindows(range(100, 123), 10, 1);
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_EQ(windows[2], (Window{range(112, 123), 8}));
  const std::vector<Window> one = rollingWindows(range(100, 111), 10, 1);
  ASSERT_EQ(one.size(), 2u);
  EXPECT_EQ(one[1], (Window{range(100, 111), 10}));
}

TEST(RollingWindows, ScoreEveryTokenOnce) {
  for (int32_t count = 0; count < 40; ++count) {
    size_t scored = 0;
    for (const Window &window : rollingWindows(range(0, count), 7, 50)) {
      EXPECT_LE(window.tokens.size(), 8u);
      for (size_t i = window.firstScored; i < window.tokens.size(); ++i)
        EXPECT_EQ(window.tokens[i], int32_t(scored++));
    }
    EXPECT_EQ(scored, size_t(count));
  }
}

} // namespace
