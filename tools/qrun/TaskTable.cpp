//===- TaskTable.cpp - results of tasks as text and as JSON ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/TaskTable.h"
#include <fmt/format.h>

using namespace qopt;

std::string qopt::metricTitle(const TaskReport &report, const MetricResult &metric) {
  return fmt::format("{} {}", report.task.name, toString(metric.metric));
}

bool qopt::isShare(TaskMetric metric) {
  return metric != TaskMetric::Perplexity && metric != TaskMetric::LikelihoodDiff &&
         metric != TaskMetric::Mcc;
}

std::string qopt::formatMetric(const MetricResult &metric) {
  const double error = metric.error.value_or(0);
  std::string text = isShare(metric.metric) ? fmt::format("{:.2f} %", 100 * metric.value)
                                            : fmt::format("{:.4f}", metric.value);
  if (metric.error)
    text += isShare(metric.metric) ? fmt::format(" ± {:.2f}", 100 * error)
                                   : fmt::format(" ± {:.4f}", error);
  return text;
}

std::string qopt::truncationRemark(const TaskReport &report) {
  if (report.truncated == 0)
    return "";
  return fmt::format("{}: {} of {} questions are longer than the context of {} tokens; their "
                     "beginning was left out\n",
                     report.task.name, report.truncated, report.questions.size(), report.context);
}

static std::string remarksOf(const TaskReport &report) {
  std::string text = truncationRemark(report);
  if (report.run.restored > 0)
    text += fmt::format("{}: {} questions were answered by an earlier run\n", report.task.name,
                        report.run.restored);
  const int64_t answered = int64_t(report.questions.size()) - report.run.restored;
  if (answered > 0)
    text += fmt::format("{}: {:.1f} questions/s, {} tokens evaluated ({} without sharing)\n",
                        report.task.name, double(answered) / report.run.seconds,
                        report.run.tokensEvaluated, report.run.tokensUnshared);
  return text;
}

std::string qopt::toText(std::span<const TaskReport> reports) {
  size_t width = 4;
  for (const TaskReport &report : reports)
    width = std::max(width, report.task.name.size());
  std::string text =
      fmt::format("{:<{}}  shots  questions  {:<16}  value\n", "task", width, "metric");
  for (const TaskReport &report : reports)
    for (const MetricResult &metric : report.metrics)
      text += fmt::format("{:<{}}  {:>5}  {:>9}  {:<16}  {}\n", report.task.name, width,
                          report.options.shots, report.questions.size(), toString(metric.metric),
                          formatMetric(metric));
  text += "\n";
  for (const TaskReport &report : reports)
    text += remarksOf(report);
  return text;
}

/// The mean of the first metric over each group.
static nlohmann::ordered_json groupsToJson(const TaskReport &report) {
  std::map<std::string, std::pair<double, int64_t>> sums;
  const MetricResult &metric = report.metrics.front();
  for (size_t i = 0; i < metric.each.size(); ++i) {
    auto &[sum, count] = sums[report.questions[i].group];
    sum += metric.each[i];
    ++count;
  }
  nlohmann::ordered_json json;
  for (const auto &[group, entry] : sums)
    json[group] = {{"questions", entry.second}, {"mean", entry.first / double(entry.second)}};
  return json;
}

nlohmann::ordered_json qopt::toJson(const TaskReport &report) {
  nlohmann::ordered_json json = {{"task", report.task.name},
                                 {"shots", report.options.shots},
                                 {"questions", report.questions.size()}};
  if (report.options.seed)
    json["seed"] = *report.options.seed;
  for (const MetricResult &metric : report.metrics) {
    json["metrics"][toString(metric.metric)]["value"] = metric.value;
    if (metric.error)
      json["metrics"][toString(metric.metric)]["stderr"] = *metric.error;
  }
  if (!report.questions.front().group.empty())
    json["groups"] = groupsToJson(report);
  json.update({{"truncated", report.truncated},
               {"restored", report.run.restored},
               {"tokens", report.run.tokensEvaluated},
               {"tokens_without_sharing", report.run.tokensUnshared},
               {"seconds", report.run.seconds}});
  if (report.run.restored == 0)
    json["questions_per_s"] = double(report.questions.size()) / report.run.seconds;
  return json;
}
