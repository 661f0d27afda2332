//===- AnswerTextTest.cpp - when two answers are the same -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/AnswerText.h"
#include <gtest/gtest.h>

using namespace qopt;

TEST(AnswerTextTest, strictNumbersFollowTheMark) {
  EXPECT_EQ(strictNumber("so 9 * 2 = 18\n#### 18"), "18");
  EXPECT_EQ(strictNumber("#### -1,234.5. More #### 7"), "-1,234.5.");
  EXPECT_EQ(strictNumber("#### $5"), "[invalid]");
  EXPECT_EQ(strictNumber("####18"), "[invalid]");
  EXPECT_EQ(strictNumber("#### none #### 3"), "3");
}

// python3 -c "import re; print(re.findall(r'(-?[$0-9.,]{2,})|(-?[0-9]+)', TEXT)[-1])"
TEST(AnswerTextTest, flexibleNumbersAreTheLast) {
  EXPECT_EQ(flexibleNumber("18 eggs, then $1,000.50 in all."), "$1,000.50");
  EXPECT_EQ(flexibleNumber("It is -7"), "-7");
  EXPECT_EQ(flexibleNumber("It is 7."), "7.");
  EXPECT_EQ(flexibleNumber("Well..."), "...");
  EXPECT_EQ(flexibleNumber("5-3"), "-3");
  EXPECT_EQ(flexibleNumber("no number, none."), "[invalid]");
  EXPECT_EQ(flexibleNumber(""), "[invalid]");
}

TEST(AnswerTextTest, numbersAreComparedWithoutTheirDress) {
  EXPECT_EQ(normalizedNumber("He has 3.\n#### 1,000"), "1000");
  EXPECT_EQ(normalizedNumber("$1,000."), "1000");
  EXPECT_EQ(normalizedNumber("2.50"), "2.50");
}

TEST(AnswerTextTest, answersAreComparedAsSquadDoes) {
  EXPECT_EQ(normalizedAnswer(" The  Eiffel-Tower, a\ttower!"), "eiffeltower tower");
  EXPECT_DOUBLE_EQ(answerF1("the cat sat", "a cat sat down"), 2 * 1 * (2 / 3.0) / (1 + 2 / 3.0));
  EXPECT_EQ(answerF1("dog", "cat"), 0);
  EXPECT_EQ(answerF1("the", "a"), 1);
  EXPECT_EQ(answerF1("", "cat"), 0);
  // Words count as often as they occur.
  EXPECT_DOUBLE_EQ(answerF1("cat cat", "cat"), 2 / 3.0);
}

TEST(AnswerTextTest, chineseAnswersAreComparedByCharacters) {
  EXPECT_EQ(normalizedChinese(" 《红楼梦》。"), "红楼梦");
  EXPECT_EQ(chineseF1("红楼梦", "《红楼梦》"), 1);
  // Two characters of three and of four, in one run.
  EXPECT_DOUBLE_EQ(chineseF1("大红楼", "红楼梦里"), 2 * (2 / 3.0) * 0.5 / (2 / 3.0 + 0.5));
  EXPECT_DOUBLE_EQ(chineseF1("在 Paris 市", "paris市"), 0.8);
  EXPECT_EQ(chineseF1("", "红"), 0);
}
