//===- TaskMetricTest.cpp - what a task's answers are worth ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TaskMetric.h"
#include "runtime/formats/Error.h"
#include <cmath>
#include <gtest/gtest.h>

using namespace qopt;

static Question choice(std::vector<std::string> choices, size_t gold, std::string group = "") {
  Question question;
  question.group = std::move(group);
  question.choices = std::move(choices);
  question.gold = gold;
  return question;
}

static Outcome scored(std::vector<double> logProbabilities) {
  return {std::move(logProbabilities), false, ""};
}

TEST(TaskMetricTest, choicesAreCountedByTheirLengths) {
  // Three characters, six bytes, against five of each.
  const std::vector<Question> questions = {choice({"äöü", "abcde"}, 0)};
  const std::vector<Outcome> outcomes = {scored({-3.3, -5.0})};
  auto value = [&](TaskMetric metric) {
    return measureMetric(metric, TaskKind::Choice, questions, outcomes).value;
  };
  EXPECT_EQ(value(TaskMetric::Acc), 1);
  EXPECT_EQ(value(TaskMetric::AccNorm), 0);  // -1.1 against -1.0
  EXPECT_EQ(value(TaskMetric::AccBytes), 1); // -0.55 against -1.0
}

TEST(TaskMetricTest, ofEqualChoicesTheFirstIsTaken) {
  const std::vector<Question> questions = {choice({"a", "b"}, 0), choice({"a", "b"}, 1)};
  const std::vector<Outcome> outcomes = {scored({-1, -1}), scored({-1, -1})};
  const MetricResult acc = measureMetric(TaskMetric::Acc, TaskKind::Choice, questions, outcomes);
  EXPECT_EQ(acc.each, (std::vector<double>{1, 0}));
  // But no sentence is likelier than the other.
  EXPECT_EQ(measureMetric(TaskMetric::PctStereotype, TaskKind::Choice, questions, outcomes).value,
            0);
}

// sqrt(sample variance / n): 3 of 4, variance 0.25.
TEST(TaskMetricTest, errorIsTheSampleDeviationOverRootN) {
  std::vector<Question> questions(4, choice({"a", "b"}, 0));
  const std::vector<Outcome> outcomes = {scored({0, -1}), scored({0, -1}), scored({0, -1}),
                                         scored({-1, 0})};
  const MetricResult acc = measureMetric(TaskMetric::Acc, TaskKind::Choice, questions, outcomes);
  EXPECT_EQ(acc.value, 0.75);
  EXPECT_DOUBLE_EQ(*acc.error, 0.25);
  // In groups of two with variances 0 and 0.5: sqrt((0 + 0.5) / (4 - 2) / 4).
  questions[0].group = questions[1].group = "x";
  EXPECT_DOUBLE_EQ(*measureMetric(TaskMetric::Acc, TaskKind::Choice, questions, outcomes).error,
                   0.25);
  // In groups of three, all right, and one.
  questions[2].group = "x";
  EXPECT_EQ(*measureMetric(TaskMetric::Acc, TaskKind::Choice, questions, outcomes).error, 0);
}

TEST(TaskMetricTest, generatedLettersAreTakenAfterTheirSpace) {
  const std::vector<Question> questions(4, choice({"A", "B"}, 1));
  const std::vector<Outcome> outcomes = {
      {{0, 0}, false, " B"}, {{0, 0}, false, "B)"}, {{0, 0}, false, " A"}, {{0, 0}, false, ""}};
  EXPECT_EQ(measureMetric(TaskMetric::AccGenerated, TaskKind::Choice, questions, outcomes).value,
            0.5);
}

TEST(TaskMetricTest, perplexityIsOfTargets) {
  const std::vector<Question> questions(2);
  const std::vector<Outcome> outcomes = {{{-1}, true, ""}, {{-3}, false, ""}};
  const MetricResult ppl =
      measureMetric(TaskMetric::Perplexity, TaskKind::Target, questions, outcomes);
  EXPECT_DOUBLE_EQ(ppl.value, std::exp(2.0));
  EXPECT_DOUBLE_EQ(*ppl.error, std::exp(2.0)); // Deviation sqrt(2), over sqrt(2).
  EXPECT_EQ(measureMetric(TaskMetric::Acc, TaskKind::Target, questions, outcomes).value, 0.5);
}

// sklearn's f1_score(average=None) and matthews_corrcoef for gold 0 0 1 1 1 and answers 0 1 1 1 0.
TEST(TaskMetricTest, classesAreJudgedTogether) {
  std::vector<Question> questions;
  std::vector<Outcome> outcomes;
  for (auto [gold, answer] : {std::pair{0, 0}, {0, 1}, {1, 1}, {1, 1}, {1, 0}}) {
    questions.push_back(choice({"no", "yes"}, size_t(gold)));
    outcomes.push_back(scored({answer == 0 ? 0.0 : -1.0, answer == 1 ? 0.0 : -1.0}));
  }
  EXPECT_DOUBLE_EQ(measureMetric(TaskMetric::MacroF1, TaskKind::Choice, questions, outcomes).value,
                   (0.5 + 2 / 3.0) / 2);
  EXPECT_NEAR(measureMetric(TaskMetric::Mcc, TaskKind::Choice, questions, outcomes).value, 1 / 6.0,
              1e-12);
}

TEST(TaskMetricTest, numbersAreFoundInBothWays) {
  Question question;
  question.answers = {"It is so.\n#### 1,018"};
  const std::vector<Question> questions(2, question);
  const std::vector<Outcome> outcomes = {{{}, false, "#### 1018. Or 3"}, {{}, false, "so $1018."}};
  auto each = [&](TaskMetric metric) {
    return measureMetric(metric, TaskKind::Generate, questions, outcomes).each;
  };
  EXPECT_EQ(each(TaskMetric::StrictMatch), (std::vector<double>{1, 0}));
  EXPECT_EQ(each(TaskMetric::FlexibleExtract), (std::vector<double>{0, 1}));
}

TEST(TaskMetricTest, theBestAnswerCounts) {
  Question question;
  question.answers = {"Paris, France", "the city of Paris"};
  const std::vector<Question> questions = {question};
  const std::vector<Outcome> outcomes = {{{}, false, " Paris france."}};
  EXPECT_EQ(measureMetric(TaskMetric::ExactMatch, TaskKind::Generate, questions, outcomes).value,
            1);
  EXPECT_EQ(measureMetric(TaskMetric::F1, TaskKind::Generate, questions, outcomes).value, 1);
}

TEST(TaskMetricTest, namesMustFitTheKind) {
  EXPECT_EQ(parseTaskMetric("acc_norm", TaskKind::Choice, "t.json"), TaskMetric::AccNorm);
  EXPECT_THROW(parseTaskMetric("acc_norm", TaskKind::Target, "t.json"), Error);
  EXPECT_THROW(parseTaskMetric("accuracy", TaskKind::Choice, "t.json"), Error);
}
