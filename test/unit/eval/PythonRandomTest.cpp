//===- PythonRandomTest.cpp - Python's random numbers ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/PythonRandom.h"
#include <gtest/gtest.h>
#include <numeric>

using namespace qopt;

// python3 -c "import random; r = random.Random(42); print([r.getrandbits(32) for _ in range(3)])"
TEST(PythonRandomTest, drawsTheWordsOfPython) {
  PythonRandom random(42);
  EXPECT_EQ(random.next(), 2746317213u);
  EXPECT_EQ(random.next(), 478163327u);
  EXPECT_EQ(random.next(), 107420369u);
  // The state is made anew after 624 words.
  for (int i = 3; i < 1000; ++i)
    random.next();
  EXPECT_EQ(random.next(), 2672573305u);
}

TEST(PythonRandomTest, takesSeedsOfTwoWords) {
  EXPECT_EQ(PythonRandom(uint64_t(1) << 40 | 7).next(), 2635837658u);
}

// r = random.Random(42); x = list(range(20)); r.shuffle(x)
TEST(PythonRandomTest, shufflesAsPython) {
  std::vector<int> items(20);
  std::iota(items.begin(), items.end(), 0);
  PythonRandom(42).shuffle(items);
  EXPECT_EQ(items, (std::vector<int>{19, 5,  14, 4,  9, 13, 15, 18, 6, 12,
                                     17, 10, 1,  11, 2, 16, 7,  8,  0, 3}));
}

// The same for range(14042), the questions of mmlu: the first ten, and all by their weighted sum.
TEST(PythonRandomTest, shufflesManyAsPython) {
  std::vector<int64_t> items(14042);
  std::iota(items.begin(), items.end(), 0);
  PythonRandom(42).shuffle(items);
  EXPECT_EQ(std::vector<int64_t>(items.begin(), items.begin() + 10),
            (std::vector<int64_t>{10856, 10247, 7410, 3581, 13087, 3504, 2383, 11496, 1058, 6013}));
  int64_t sum = 0;
  for (size_t i = 0; i < items.size(); ++i)
    sum += int64_t(i) * items[i];
  EXPECT_EQ(sum, 691935329059);
}

TEST(PythonRandomTest, leavesShortListsAlone) {
  std::vector<int> none, one = {5};
  PythonRandom random(1);
  random.shuffle(none);
  random.shuffle(one);
  EXPECT_EQ(one, std::vector<int>{5});
}
