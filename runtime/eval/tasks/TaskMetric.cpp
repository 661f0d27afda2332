//===- TaskMetric.cpp - what a task's answers are worth -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TaskMetric.h"
#include "runtime/eval/tasks/AnswerText.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

using namespace qopt;

namespace {

struct MetricName {
  TaskMetric metric;
  std::string_view name;
  std::string_view kinds; ///< c, t and g: Choice, Target and Generate.
};

constexpr std::array metricNames = {
    MetricName{TaskMetric::Acc, "acc", "ct"},
    MetricName{TaskMetric::AccNorm, "acc_norm", "c"},
    MetricName{TaskMetric::AccBytes, "acc_bytes", "c"},
    MetricName{TaskMetric::AccGenerated, "acc_generated", "c"},
    MetricName{TaskMetric::PctStereotype, "pct_stereotype", "c"},
    MetricName{TaskMetric::LikelihoodDiff, "likelihood_diff", "c"},
    MetricName{TaskMetric::MacroF1, "macro_f1", "c"},
    MetricName{TaskMetric::Mcc, "mcc", "c"},
    MetricName{TaskMetric::Perplexity, "perplexity", "t"},
    MetricName{TaskMetric::ExactMatch, "exact_match", "cg"},
    MetricName{TaskMetric::F1, "f1", "cg"},
    MetricName{TaskMetric::StrictMatch, "strict-match", "g"},
    MetricName{TaskMetric::FlexibleExtract, "flexible-extract", "g"},
    MetricName{TaskMetric::ExactMatchChinese, "exact_match_zh", "g"},
    MetricName{TaskMetric::F1Chinese, "f1_zh", "g"},
};

} // namespace

std::string_view qopt::toString(TaskMetric metric) {
  return std::ranges::find(metricNames, metric, &MetricName::metric)->name;
}

TaskMetric qopt::parseTaskMetric(std::string_view name, TaskKind kind, std::string_view file) {
  const char letter = kind == TaskKind::Choice ? 'c' : kind == TaskKind::Target ? 't' : 'g';
  const auto found = std::ranges::find(metricNames, name, &MetricName::name);
  if (found != metricNames.end() && found->kinds.find(letter) != std::string_view::npos)
    return found->metric;
  std::vector<std::string_view> possible;
  for (const MetricName &metric : metricNames)
    if (metric.kinds.find(letter) != std::string_view::npos)
      possible.push_back(metric.name);
  fail("{}: {} is no metric of such a task; there are {}", file, quote(name),
       fmt::join(possible, ", "));
}

static double characters(const std::string &text) {
  return double(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// The first of the best, as numpy's argmax.
static size_t bestChoice(const Question &question, const Outcome &outcome,
                         const std::function<double(const std::string &)> &length) {
  std::vector<double> scores;
  for (size_t i = 0; i < question.choices.size(); ++i)
    scores.push_back(outcome.logProbabilities[i] / length(question.choices[i]));
  return size_t(std::ranges::max_element(scores) - scores.begin());
}

static size_t likeliestChoice(const Question &question, const Outcome &outcome) {
  return bestChoice(question, outcome, [](const std::string &) { return 1.0; });
}

/// The best over the answers.
static double bestOf(const Question &question,
                     const std::function<double(const std::string &)> &score) {
  double best = 0;
  for (const std::string &answer : question.answers)
    best = std::max(best, score(answer));
  return best;
}

/// What is judged as text.
static const std::string &answerText(TaskKind kind, const Question &question,
                                     const Outcome &outcome) {
  return kind == TaskKind::Choice ? question.choices[likeliestChoice(question, outcome)]
                                  : outcome.text;
}

static std::string firstLetter(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\n");
  return begin == std::string_view::npos ? "" : std::string(text.substr(begin, 1));
}

/// Of one question; MacroF1 and Mcc are of all of them.
static double valueOf(TaskMetric metric, TaskKind kind, const Question &q, const Outcome &o) {
  switch (metric) {
  case TaskMetric::Acc:
    return kind == TaskKind::Target ? o.isGreedy : likeliestChoice(q, o) == q.gold;
  case TaskMetric::AccNorm:
    return bestChoice(q, o, characters) == q.gold;
  case TaskMetric::AccBytes:
    return bestChoice(q, o, [](const std::string &text) { return double(text.size()); }) == q.gold;
  case TaskMetric::AccGenerated:
    return firstLetter(o.text) == q.choices[q.gold];
  case TaskMetric::PctStereotype:
    return o.logProbabilities[0] > o.logProbabilities[1];
  case TaskMetric::LikelihoodDiff:
    return std::abs(o.logProbabilities[0] - o.logProbabilities[1]);
  case TaskMetric::Perplexity:
    return o.logProbabilities[0];
  case TaskMetric::ExactMatch:
    return bestOf(q, [&](const std::string &answer) {
      return normalizedAnswer(answerText(kind, q, o)) == normalizedAnswer(answer);
    });
  case TaskMetric::F1:
    return bestOf(
        q, [&](const std::string &answer) { return answerF1(answerText(kind, q, o), answer); });
  case TaskMetric::StrictMatch:
    return bestOf(q, [&](const std::string &answer) {
      return normalizedNumber(strictNumber(o.text)) == normalizedNumber(answer);
    });
  case TaskMetric::FlexibleExtract:
    return bestOf(q, [&](const std::string &answer) {
      return normalizedNumber(flexibleNumber(o.text)) == normalizedNumber(answer);
    });
  case TaskMetric::ExactMatchChinese:
    return bestOf(q, [&](const std::string &answer) {
      return normalizedChinese(o.text) == normalizedChinese(answer);
    });
  case TaskMetric::F1Chinese:
    return bestOf(q, [&](const std::string &answer) { return chineseF1(o.text, answer); });
  case TaskMetric::MacroF1:
  case TaskMetric::Mcc:
    break;
  }
  return double(likeliestChoice(q, o)); // The class, for the two.
}

static double meanOf(std::span<const double> values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return sum / double(values.size());
}

static double squaredDeviations(std::span<const double> values) {
  const double mean = meanOf(values);
  double sum = 0;
  for (double value : values)
    sum += (value - mean) * (value - mean);
  return sum;
}

static double standardError(std::span<const double> values, std::span<const Question> questions) {
  std::map<std::string_view, std::vector<double>> groups;
  for (size_t i = 0; i < values.size(); ++i)
    groups[questions[i].group].push_back(values[i]);
  const double n = double(values.size());
  if (values.size() == groups.size())
    groups = {{"", {values.begin(), values.end()}}};
  if (values.size() == 1)
    return 0;
  double sum = 0;
  for (const auto &[group, members] : groups)
    sum += squaredDeviations(members);
  return std::sqrt(sum / (n - double(groups.size())) / n);
}

/// How often each class was predicted for each: counts[gold][predicted].
static std::vector<std::vector<double>> confusion(std::span<const Question> questions,
                                                  std::span<const double> predicted) {
  size_t classes = 0;
  for (const Question &question : questions)
    classes = std::max(classes, question.choices.size());
  std::vector<std::vector<double>> counts(classes, std::vector<double>(classes));
  for (size_t i = 0; i < questions.size(); ++i)
    ++counts[questions[i].gold][size_t(predicted[i])];
  return counts;
}

static double macroF1(const std::vector<std::vector<double>> &counts) {
  double sum = 0;
  for (size_t c = 0; c < counts.size(); ++c) {
    double predicted = 0, expected = 0;
    for (size_t other = 0; other < counts.size(); ++other) {
      predicted += counts[other][c];
      expected += counts[c][other];
    }
    if (counts[c][c] > 0)
      sum += 2 * counts[c][c] / (predicted + expected);
  }
  return sum / double(counts.size());
}

static double matthews(const std::vector<std::vector<double>> &counts) {
  const double tn = counts[0][0], fp = counts[0][1], fn = counts[1][0], tp = counts[1][1];
  const double product = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn);
  return product == 0 ? 0 : (tp * tn - fp * fn) / std::sqrt(product);
}

MetricResult qopt::measureMetric(TaskMetric metric, TaskKind kind,
                                 std::span<const Question> questions,
                                 std::span<const Outcome> outcomes) {
  MetricResult result{metric, 0, std::nullopt, {}};
  for (size_t i = 0; i < questions.size(); ++i)
    result.each.push_back(valueOf(metric, kind, questions[i], outcomes[i]));
  if (metric == TaskMetric::MacroF1 || metric == TaskMetric::Mcc) {
    const auto counts = confusion(questions, result.each);
    result.value = metric == TaskMetric::Mcc ? matthews(counts) : macroF1(counts);
    result.each.clear();
    return result;
  }
  result.value = meanOf(result.each);
  result.error = standardError(result.each, questions);
  if (metric == TaskMetric::Perplexity) {
    result.value = std::exp(-result.value);
    result.error = result.value * *result.error;
  }
  return result;
}
