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

namespace {

/// Cells of one model, from left to right.
class RowBuilder {
public:
  void add(std::string title, std::string value) {
    cells.push_back({std::move(title), "", "", std::move(value)});
  }
  /// Another number under the title before.
  void join(std::string joint, std::string part, std::string value) {
    cells.push_back({cells.back().title, std::move(part), std::move(joint), std::move(value)});
  }
  void add(std::string title, const std::optional<Estimate> &estimate) {
    add(std::move(title), estimate ? fmt::format("{:.6g}", estimate->mean) : "");
    join(" ± ", "error", estimate ? fmt::format("{:.2g}", estimate->error) : "");
  }
  void add(const std::string &title, const SpeedRange &range) {
    cells.push_back({title, "least", "", fmt::format("{:.1f}", range.min)});
    join("-", "median", fmt::format("{:.1f}", range.median));
    join("-", "most", fmt::format("{:.1f}", range.max));
  }

  std::vector<CompareCell> cells;
};

} // namespace

static void addQuality(const CompareReport &report, size_t model, RowBuilder &row) {
  const DivergenceResult *d = model == 0 ? nullptr : &report.comparison.models[model - 1];
  row.add(fmt::format("ppl [{}]", report.convention),
          d ? d->perplexity : report.comparison.basePerplexity);
  row.add("ln(ppl/base)", d ? std::optional(d->logRatio) : std::nullopt);
  row.add("mean KL", d ? std::optional(d->klDivergence.estimate) : std::nullopt);
  row.add("p99 KL", d ? fmt::format("{:.3g}", d->klDivergence.p99) : "");
  row.add("max KL", d ? fmt::format("{:.3g}", d->klDivergence.max) : "");
  row.add("same top %", d ? fmt::format("{:.2f}", 100 * d->sameTop.mean) : "");
}

static void addTasks(const CompareReport &report, const ComparedModel &model, RowBuilder &row) {
  size_t next = 0;
  const std::vector<TaskDifference> differences = taskDifferences(report, model);
  for (const TaskReport &task : model.tasks)
    for (const MetricResult &metric : task.metrics) {
      const std::optional<PairedTest> &test = differences[next++].test;
      const bool share = isShare(metric.metric);
      auto number = [&](double value) {
        return share ? fmt::format("{:.2f}", 100 * value) : fmt::format("{:.4f}", value);
      };
      const std::string title = metricTitle(task, metric) + (share ? " %" : "");
      row.add(title, number(metric.value));
      row.join(" ± ", "error", metric.error ? number(*metric.error) : "");
      if (!share)
        continue;
      row.add(title + " to the first", test ? fmt::format("{:+.2f}", 100 * test->difference) : "");
      row.join(" ± ", "error", test ? fmt::format("{:.2f}", 100 * test->error) : "");
      row.join(", p = ", "McNemar's p", test ? fmt::format("{:.3g}", test->p) : "");
    }
}

CompareTable toTable(const CompareReport &report) {
  CompareTable table;
  for (size_t i = 0; i < report.models.size(); ++i) {
    const ComparedModel &model = report.models[i];
    const bool isKnown = model.weightBytes > 0;
    RowBuilder row;
    row.add("artifact", model.artifact);
    row.add("recipe", model.recipe);
    row.add("bits/weight", isKnown ? fmt::format("{:.3f}", model.bitsPerWeight) : "");
    row.add("KV bits", isKnown ? fmt::format("{:.2f}", model.bitsPerKey) : "");
    row.add("file MB", isKnown ? fmt::format("{:.2f}", double(model.fileBytes) / 1e6) : "");
    addQuality(report, i, row);
    addTasks(report, model, row);
    if (model.speed) {
      row.add("load ms", fmt::format("{:.1f}", model.speed->loadMilliseconds));
      row.add("prefill t/s", model.speed->prefill);
      row.add("decode t/s", model.speed->decode);
      row.add("peak MB", fmt::format("{:.1f}", double(model.speed->peakMemoryBytes) / 1e6));
    }
    table.push_back(std::move(row.cells));
  }
  // Of a base that is a file less is known.
  for (std::vector<CompareCell> &row : table)
    row.resize(table.back().size());
  return table;
}

std::vector<std::vector<std::string>> toLines(const CompareTable &table) {
  const std::vector<CompareCell> &titled = table.back();
  std::vector<std::vector<std::string>> lines(1 + table.size());
  for (size_t i = 0; i < titled.size(); ++i) {
    const bool isJoined = !titled[i].joint.empty();
    if (!isJoined)
      lines[0].push_back(titled[i].title);
    for (size_t m = 0; m < table.size(); ++m) {
      const std::string &value = table[m][i].value;
      if (!isJoined)
        lines[m + 1].push_back(value);
      else if (!value.empty())
        lines[m + 1].back() += titled[i].joint + value;
    }
  }
  return lines;
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
  std::vector<std::string> titles;
  for (const CompareCell &cell : table.back())
    titles.push_back(cell.part.empty() ? cell.title : cell.title + " " + cell.part);
  std::string text = csvLine(titles);
  for (const std::vector<CompareCell> &row : table) {
    std::vector<std::string> values;
    for (const CompareCell &cell : row)
      values.push_back(cell.value);
    text += csvLine(values);
  }
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
  const std::vector<std::vector<std::string>> lines = toLines(table);
  std::string text =
      markdownLine(lines[0]) + markdownLine(std::vector<std::string>(lines[0].size(), "---"));
  for (size_t i = 1; i < lines.size(); ++i)
    text += markdownLine(lines[i]);
  return text;
}

} // namespace qopt
