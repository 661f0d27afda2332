//===- CompareTable.cpp - a comparison as one table -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CompareReport.h"
#include "tools/qrun/TaskTable.h"
#include <fmt/format.h>

namespace qopt {

static std::vector<std::string> headingOf(const CompareReport &report) {
  std::vector<std::string> heading = {
      "artifact",     "recipe",  "bits/weight",
      "KV bits",      "file MB", fmt::format("ppl [{}]", report.convention),
      "ln(ppl/base)", "mean KL", "p99 KL",
      "max KL",       "same top"};
  const ComparedModel &last = report.models.back();
  for (const TaskReport &task : last.tasks)
    for (const MetricResult &metric : task.metrics) {
      heading.push_back(metricTitle(task, metric));
      if (isShare(metric.metric))
        heading.push_back(metricTitle(task, metric) + " to the first (McNemar's p)");
    }
  if (last.speed)
    heading.insert(heading.end(), {"load ms", "prefill t/s min", "median", "max", "decode t/s min",
                                   "median", "max", "peak MB"});
  return heading;
}

static std::string formatEstimate(const Estimate &estimate) {
  return fmt::format("{:.6g} ± {:.2g}", estimate.mean, estimate.error);
}

static void addQuality(const CompareReport &report, size_t model, std::vector<std::string> &row) {
  if (model == 0) {
    row.push_back(formatEstimate(report.comparison.basePerplexity));
    row.insert(row.end(), 5, "");
    return;
  }
  const DivergenceResult &d = report.comparison.models[model - 1];
  row.insert(row.end(),
             {formatEstimate(d.perplexity), formatEstimate(d.logRatio),
              formatEstimate(d.klDivergence.estimate), fmt::format("{:.3g}", d.klDivergence.p99),
              fmt::format("{:.3g}", d.klDivergence.max),
              fmt::format("{:.2f} %", 100 * d.sameTop.mean)});
}

static void addTasks(const CompareReport &report, const ComparedModel &model,
                     std::vector<std::string> &row) {
  for (const TaskDifference &difference : taskDifferences(report, model)) {
    row.push_back(formatMetric(*difference.metric));
    if (isShare(difference.metric->metric))
      row.push_back(difference.test ? fmt::format("{:+.2f} ± {:.2f} (p = {:.3g})",
                                                  100 * difference.test->difference,
                                                  100 * difference.test->error, difference.test->p)
                                    : "");
  }
}

static void addSpeed(const ModelSpeed &speed, std::vector<std::string> &row) {
  for (double value : {speed.loadMilliseconds, speed.prefill.min, speed.prefill.median,
                       speed.prefill.max, speed.decode.min, speed.decode.median, speed.decode.max,
                       double(speed.peakMemoryBytes) / 1e6})
    row.push_back(fmt::format("{:.1f}", value));
}

CompareTable toTable(const CompareReport &report) {
  CompareTable table{headingOf(report), {}};
  for (size_t i = 0; i < report.models.size(); ++i) {
    const ComparedModel &model = report.models[i];
    std::vector<std::string> row = {model.artifact, model.recipe};
    if (model.weightBytes > 0)
      row.insert(row.end(), {fmt::format("{:.3f}", model.bitsPerWeight),
                             fmt::format("{:.2f}", model.bitsPerKey),
                             fmt::format("{:.2f}", double(model.fileBytes) / 1e6)});
    row.resize(5);
    addQuality(report, i, row);
    addTasks(report, model, row);
    if (model.speed)
      addSpeed(*model.speed, row);
    row.resize(table.heading.size());
    table.rows.push_back(std::move(row));
  }
  return table;
}

static std::string csvLine(const std::vector<std::string> &cells) {
  std::string line;
  for (size_t i = 0; i < cells.size(); ++i) {
    line += i ? "," : "";
    if (cells[i].find_first_of(",\"\r\n") == std::string::npos) {
      line += cells[i];
      continue;
    }
    line += '"';
    for (char c : cells[i])
      line += c == '"' ? "\"\"" : std::string(1, c);
    line += '"';
  }
  return line + "\n";
}

std::string toCsv(const CompareTable &table) {
  std::string text = csvLine(table.heading);
  for (const std::vector<std::string> &row : table.rows)
    text += csvLine(row);
  return text;
}

static std::string markdownLine(const std::vector<std::string> &cells) {
  std::string line = "|";
  for (const std::string &cell : cells) {
    line += ' ';
    for (char c : cell)
      line += c == '|' ? "\\|" : c == '\n' ? " " : std::string(1, c);
    line += " |";
  }
  return line + "\n";
}

std::string toMarkdown(const CompareTable &table) {
  std::string text = markdownLine(table.heading) +
                     markdownLine(std::vector<std::string>(table.heading.size(), "---"));
  for (const std::vector<std::string> &row : table.rows)
    text += markdownLine(row);
  return text;
}

} // namespace qopt
