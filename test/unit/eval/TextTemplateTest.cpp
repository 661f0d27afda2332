//===- TextTemplateTest.cpp - texts with fields of a record in them -------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TextTemplate.h"
#include "runtime/formats/Error.h"
#include <gtest/gtest.h>

using namespace qopt;

static std::string expand(std::string_view text, const Json &record, const WordMaps &maps = {}) {
  return TextTemplate(text, "t.json").expand(TaskRecord(record, "r.jsonl: line 1"), maps);
}

static std::string messageOf(std::string_view text, const Json &record) {
  try {
    expand(text, record);
  } catch (const Error &error) {
    return error.what();
  }
  return "none";
}

TEST(TextTemplateTest, fieldsStandInTheirPlaces) {
  const Json record = {{"a", "x"}, {"b", {{"c", 3}}}, {"list", {"p", "q"}}, {"yes", true}};
  EXPECT_EQ(expand("{a}: {b.c}, {list.1}, {yes}", record), "x: 3, q, true");
  EXPECT_EQ(expand("{{a}} {a}", record), "{a} x");
  EXPECT_EQ(expand("", record), "");
}

TEST(TextTemplateTest, itemsHaveNamesAndNumbers) {
  const Json record = {{"a", "outer"}, {"b", "far"}, {"answers", {"u", "v"}}};
  const Json item = {{"a", "inner"}};
  const TaskRecord named = TaskRecord(record, "r").with("q", item, 1);
  const TextTemplate text("{a} {q.a} {b} {answers.#q}", "t.json");
  EXPECT_EQ(text.expand(named, {}), "inner inner far v");
}

TEST(TextTemplateTest, filtersFollowEachOther) {
  const Json record = {{"s", "  Hello_World. "}, {"word", "cause"}, {"w", "über_"}};
  EXPECT_EQ(expand("{s|strip|chop|spaces|lower_first}", record), "hello World");
  EXPECT_EQ(expand("{s|strip|before:_}{s|strip|after:_}", record), "HelloWorld.");
  EXPECT_EQ(expand("{w|chop|chop}", record), "übe");
  EXPECT_EQ(expand("{word|map:m}", record, {{"m", {{"cause", "because"}}}}), "because");
  EXPECT_EQ(expand("{s|replace:l:L|strip|capitalize}", record), "Hello_world.");
}

TEST(TextTemplateTest, lastPartsAreFound) {
  const Json record = {{"t", "one two three"}, {"u", "alone"}};
  EXPECT_EQ(expand("[{t|before_last: }] [{t|after_last: }]", record), "[one two] [three]");
  EXPECT_EQ(expand("[{u|before_last: }] [{u|after_last: }]", record), "[] [alone]");
}

// lm_eval.tasks.hellaswag.utils.preprocess of the same texts.
TEST(TextTemplateTest, bracketsGoAsInHellaswag) {
  const Json record = {{"t", " How to [title] do it [step] now  then "}, {"n", "[a\nb] [c]"}};
  EXPECT_EQ(expand("{t|brackets}", record), "How to. do it now then");
  EXPECT_EQ(expand("{n|brackets}", record), "[a\nb] ");
}

TEST(TextTemplateTest, slicesAndMarksCountCharactersAndWords) {
  const Json record = {{"t", "Größe zählt sehr"},
                       {"a", 6},
                       {"b", "11"},
                       {"n", 2},
                       {"w", "it"},
                       {"s", "Mark told Pete that it is late ."},
                       {"k", 4}};
  EXPECT_EQ(expand("{t|slice:a:b}", record), "zählt");
  EXPECT_EQ(expand("{s|mark:k:w|detokenize}", record), "Mark told Pete that *it* is late.");
}

TEST(TextTemplateTest, whatIsMissingIsNamed) {
  const Json record = {{"a", {1, 2}}};
  EXPECT_EQ(messageOf("{b}", record), "r.jsonl: line 1: has no 'b'");
  EXPECT_EQ(messageOf("{a}", record), "r.jsonl: line 1: 'a' is array, not a text or a number");
  EXPECT_EQ(messageOf("{a.2}", record), "r.jsonl: line 1: has no 'a.2'");
  EXPECT_EQ(messageOf("{a.0|shout}", record),
            "a template's filter 'shout' is unknown; runtime/eval/tasks/TextFilter.h lists them");
  EXPECT_EQ(messageOf("{a.0|map:m}", record), "r.jsonl: line 1: the task has no map 'm'");
  EXPECT_EQ(messageOf("{a", record),
            "t.json: the template '{a' opens a brace and does not close it");
  EXPECT_EQ(messageOf("a}", record),
            "t.json: the template 'a}' closes a brace that it did not open");
}
