//===- WikitextPageTest.cpp - pages, words and detokenization as in lm-eval ===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/WikitextPage.h"
#include <gtest/gtest.h>

using namespace qopt;

namespace {

TEST(WikitextPages, StartAtTitles) {
  const std::string_view text = " \n = Robert Boulter = \n \n He acts . \n = = Career = = \n x\n"
                                " = Du Fu = \n A poet . \n = = = Early = = = \n";
  const auto pages = splitWikitextPages(text);
  ASSERT_EQ(pages.size(), 2u); // What precedes the first title is blank.
  EXPECT_EQ(pages[0], " = Robert Boulter = \n \n He acts . \n = = Career = = \n x");
  EXPECT_EQ(pages[1], " = Du Fu = \n A poet . \n = = = Early = = = \n");
}

TEST(WikitextPages, KeepTextBeforeTheFirstTitle) {
  const auto pages = splitWikitextPages("intro\n = A = ");
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0], "intro");
  EXPECT_EQ(pages[1], " = A = ");
}

TEST(WikitextPages, OfPlainTextAreOne) {
  const auto pages = splitWikitextPages("Once upon a time\nx = y\n");
  ASSERT_EQ(pages.size(), 1u);
  EXPECT_EQ(pages[0], "Once upon a time\nx = y\n");
}

TEST(CountWords, CountsEmptyWordsAtTheEnds) {
  // len(re.split(r"\s+", s)) in Python.
  EXPECT_EQ(countWords(""), 1);
  EXPECT_EQ(countWords("one"), 1);
  EXPECT_EQ(countWords("one  two\n\tthree"), 3);
  EXPECT_EQ(countWords(" one "), 3);
  EXPECT_EQ(countWords(" "), 2);
  EXPECT_EQ(countWords("a\u00a0b\u3000\u2009c\u200bd\x1c"), 4); // U+200B is no white space.
}

// Expected texts: lm_eval/tasks/wikitext/preprocess_wikitext.py, wikitext_detokenizer.
TEST(DetokenizeWikitext, JoinsNumbersAndPunctuation) {
  EXPECT_EQ(
      detokenizeWikitext("a 12 @,@ 345 @.@ 6 km @-@ long road , or so ; yes : no ! why ? end . "),
      "a 12,345.6 km-long road, or so; yes: no! why? end. ");
  EXPECT_EQ(detokenizeWikitext(" . . "), ". . ");
}

TEST(DetokenizeWikitext, ClosesBracketsAndQuotes) {
  EXPECT_EQ(detokenizeWikitext("( a b ) [ c ] { d } \" e f \" ' g '"), "(a b) [c] {d} \"e f\" 'g'");
  EXPECT_EQ(detokenizeWikitext("( ( x ) )"), "(( x) )");
  EXPECT_EQ(detokenizeWikitext("(\u00a0) ( open"), "() ( open");
  EXPECT_EQ(detokenizeWikitext("\" one \" two \" three"), "\"one\" two \" three");
}

TEST(DetokenizeWikitext, MendsHeadingsContractionsAndBreaks) {
  EXPECT_EQ(
      detokenizeWikitext(" = = = Title = = = \n x 's dog , the boys ' cat \n \n 5 \u00b0 N at N "),
      " === Title ===\nx's dog, the boys' cat\n\n5\u00b0N at 1 ");
  EXPECT_EQ(detokenizeWikitext("= = = = ="), "=====");
}

TEST(DetokenizeWikitext, KeepsTheSlipWithSlashes) {
  EXPECT_EQ(detokenizeWikitext("x/' 3/' 4/y /' 12/"), "x/'[0-9]/' 4/y /' 12/");
}

} // namespace
