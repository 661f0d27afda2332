//===- StopStringsTest.cpp - texts that end where they should -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/sampling/StopStrings.h"

#include "test/unit/formats/TestSupport.h"

using namespace qopt;
using namespace qopt::test;

/// What is passed on of each part, with what finish() gives last.
static std::vector<std::string> feedAll(std::vector<std::string> strings,
                                        std::initializer_list<std::string_view> parts) {
  StopStrings stops(std::move(strings));
  std::vector<std::string> result;
  for (std::string_view part : parts)
    result.push_back(stops.feed(part));
  result.push_back(stops.finish());
  return result;
}

using Parts = std::vector<std::string>;

TEST(StopStrings, WithoutAnyTextPasses) {
  EXPECT_EQ(feedAll({}, {"ab", "", "c"}), (Parts{"ab", "", "c", ""}));
}

TEST(StopStrings, TextBeforeTheStopPasses) {
  EXPECT_EQ(feedAll({"END"}, {"a END b", "c"}), (Parts{"a ", "", ""}));
}

TEST(StopStrings, AStopAcrossPartsIsNeverPartlyPassed) {
  EXPECT_EQ(feedAll({"\n\nUser:"}, {"Hi\n", "\nUs", "er", ":"}), (Parts{"Hi", "", "", "", ""}));
}

TEST(StopStrings, WhatWasHeldBackComesWhenItIsNoStop) {
  EXPECT_EQ(feedAll({"END"}, {"aE", "N", "x", "E"}), (Parts{"a", "", "ENx", "", "E"}));
  EXPECT_EQ(feedAll({"aab"}, {"aa", "a", "b"}), (Parts{"", "a", "", ""}));
}

TEST(StopStrings, TheFirstOccurrenceOfAnyEnds) {
  EXPECT_EQ(feedAll({"yz", "xy"}, {"wxyz"}), (Parts{"w", ""}));
  EXPECT_EQ(feedAll({"abcd", "b"}, {"a", "b"}), (Parts{"", "a", ""}));
}

TEST(StopStrings, StoppedTells) {
  StopStrings stops({"."});
  stops.feed("a");
  EXPECT_FALSE(stops.stopped());
  EXPECT_EQ(stops.feed("b.c"), "b");
  EXPECT_TRUE(stops.stopped());
  EXPECT_EQ(stops.feed("d"), "");
}

TEST(StopStrings, EmptyOnesAreRefused) {
  expectContains(errorOf([] { StopStrings stops({"a", ""}); }), {"stop string", "empty"});
}
