//===- CompareReport.cpp - a comparison as text and as JSON ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CompareReport.h"
#include "tools/qrun/TaskTable.h"
#include <algorithm>
#include <fmt/format.h>

namespace qopt {

static size_t nameWidth(const CompareReport &report) {
  size_t width = 8;
  for (const ComparedModel &model : report.models)
    width = std::max(width, model.artifact.size());
  return width;
}

static std::string qualityTable(const CompareReport &report) {
  const size_t width = nameWidth(report);
  std::string text =
      fmt::format("{:<{}}  {:>18}  {:>20}  {:>21}  {:>9}  {:>9}  {:>8}  {:>7}\n", "artifact", width,
                  "ppl", "ln(ppl/base)", "mean KL", "p99 KL", "max KL", "same top", "rms dp");
  auto start = [&](const ComparedModel &model, const Estimate &perplexity) {
    text += fmt::format("{:<{}}  {:>9.4f} ± {:>6.4f}", model.artifact, width, perplexity.mean,
                        perplexity.error);
  };
  start(report.models.front(), report.comparison.basePerplexity);
  text += "  base\n";
  for (size_t i = 0; i < report.comparison.models.size(); ++i) {
    const DivergenceResult &d = report.comparison.models[i];
    start(report.models[i + 1], d.perplexity);
    text += fmt::format("  {:>+9.6f} ± {:>8.6f}  {:>9.3e} ± {:>9.1e}  {:>9.2e}  {:>9.2e}  "
                        "{:>7.2f}%  {:>6.3f}%\n",
                        d.logRatio.mean, d.logRatio.error, d.klDivergence.estimate.mean,
                        d.klDivergence.estimate.error, d.klDivergence.p99, d.klDivergence.max,
                        100 * d.sameTop.mean, 100 * d.rmsDeltaP.mean);
  }
  return text;
}

std::vector<TaskDifference> taskDifferences(const CompareReport &report,
                                            const ComparedModel &model) {
  const auto first = std::ranges::find_if(
      report.models, [](const ComparedModel &other) { return !other.tasks.empty(); });
  std::vector<TaskDifference> differences;
  for (size_t t = 0; t < model.tasks.size(); ++t)
    for (size_t m = 0; m < model.tasks[t].metrics.size(); ++m) {
      const MetricResult &metric = model.tasks[t].metrics[m];
      differences.push_back({&metric, std::nullopt});
      if (&model != &*first && !metric.each.empty() && isShare(metric.metric))
        differences.back().test = testPairs(first->tasks[t].metrics[m].each, metric.each);
    }
  return differences;
}

static std::string taskTable(const CompareReport &report) {
  const size_t width = nameWidth(report);
  std::string text;
  for (const ComparedModel &model : report.models) {
    const std::vector<TaskDifference> differences = taskDifferences(report, model);
    size_t next = 0;
    for (const TaskReport &task : model.tasks)
      for (const MetricResult &metric : task.metrics) {
        text += fmt::format("{:<{}}  {:<28}  {:>9}  {:>18}", model.artifact, width,
                            metricTitle(task, metric), task.questions.size(), formatMetric(metric));
        if (const auto &test = differences[next++].test)
          text +=
              fmt::format("  {:>+7.2f} ± {:>5.2f}  {:>5} {:>5}  {:>7.4f}", 100 * test->difference,
                          100 * test->error, test->onlyFirst, test->onlySecond, test->p);
        text += "\n";
      }
  }
  if (text.empty())
    return text;
  return fmt::format("{:<{}}  {:<28}  {:>9}  {:>18}  {:>15}  {:>11}  {:>7}\n{}\n", "artifact",
                     width, "task", "questions", "value", "to the first", "lost, won", "p", text);
}

static std::string formatRange(const SpeedRange &range) {
  return fmt::format("{:.1f}-{:.1f}-{:.1f}", range.min, range.median, range.max);
}

static std::string costTable(const CompareReport &report) {
  const size_t width = nameWidth(report);
  std::string text = fmt::format("{:<{}}  {:>10}  {:>8}  {:>11}  {:>7}", "artifact", width,
                                 "weights MB", "files MB", "bits/weight", "KV bits");
  if (!report.speedTests.empty())
    text += fmt::format("  {:>22}  {:>19}  {:>7}  {:>7}", "prefill t/s", "decode t/s", "load ms",
                        "peak MB");
  text += "  recipe\n";
  for (const ComparedModel &model : report.models) {
    if (model.weightBytes == 0)
      continue;
    text += fmt::format("{:<{}}  {:>10.2f}  {:>8.2f}  {:>11.3f}  {:>7.2f}", model.artifact, width,
                        double(model.weightBytes) / 1e6, double(model.fileBytes) / 1e6,
                        model.bitsPerWeight, model.bitsPerKey);
    if (model.speed)
      text += fmt::format("  {:>22}  {:>19}  {:>7.1f}  {:>7.1f}", formatRange(model.speed->prefill),
                          formatRange(model.speed->decode), model.speed->loadMilliseconds,
                          double(model.speed->peakMemoryBytes) / 1e6);
    text += fmt::format("  {}\n", model.recipe);
  }
  return text;
}

std::string toText(const CompareReport &report) {
  std::string text = fmt::format(
      "{} tokens of {} window{}, [{}]; KL(base || model) in nats\n\n{}\n", report.comparison.tokens,
      report.windows, report.windows == 1 ? "" : "s", report.convention, qualityTable(report));
  text += taskTable(report);
  // Contexts are cut alike for all models, which encode alike.
  for (const TaskReport &task : report.models.back().tasks)
    text += truncationRemark(task);
  if (!report.speedTests.empty())
    text += fmt::format("Speed of {}, least-median-most\n", report.speedTests);
  return text + costTable(report) + toText(report.prompts, report.promptedModels);
}

static Json toJson(const Estimate &estimate) {
  return {{"mean", estimate.mean}, {"stderr", estimate.error}};
}

static Json toJson(const Distribution &d) {
  return {{"mean", d.estimate.mean},
          {"stderr", d.estimate.error},
          {"min", d.min},
          {"p0.1", d.p001},
          {"p1", d.p01},
          {"p10", d.p10},
          {"median", d.median},
          {"p90", d.p90},
          {"p99", d.p99},
          {"p99.9", d.p999},
          {"max", d.max}};
}

static Json toJson(const SpeedRange &range) {
  return {{"min", range.min}, {"median", range.median}, {"max", range.max}};
}

static Json tasksToJson(const CompareReport &report, const ComparedModel &model) {
  const std::vector<TaskDifference> differences = taskDifferences(report, model);
  Json tasks = Json::array();
  size_t next = 0;
  for (const TaskReport &task : model.tasks) {
    Json json = Json::parse(toJson(task).dump());
    for (const MetricResult &metric : task.metrics)
      if (const auto &test = differences[next++].test)
        json["metrics"][std::string(toString(metric.metric))].update(
            {{"difference", test->difference},
             {"difference_stderr", test->error},
             {"lost", test->onlyFirst},
             {"won", test->onlySecond},
             {"mcnemar_p", test->p}});
    tasks.push_back(std::move(json));
  }
  return tasks;
}

static Json toJson(const ComparedModel &model) {
  Json json = {{"artifact", model.artifact}};
  if (model.weightBytes > 0)
    json.update({{"recipe", model.recipe},
                 {"weight_bytes", model.weightBytes},
                 {"file_bytes", model.fileBytes},
                 {"bits_per_weight", model.bitsPerWeight},
                 {"kv_bits", model.bitsPerKey}});
  if (model.speed)
    json.update({{"prefill_tokens_per_s", toJson(model.speed->prefill)},
                 {"decode_tokens_per_s", toJson(model.speed->decode)},
                 {"load_ms", model.speed->loadMilliseconds},
                 {"read_bandwidth_gb_s", model.speed->readBandwidth / 1e9},
                 {"weight_bytes_per_token", model.speed->weightBytesPerToken},
                 {"peak_memory_bytes", model.speed->peakMemoryBytes}});
  for (const TensorError &error : model.tensorErrors)
    json["tensor_errors"].push_back(toJson(error));
  return json;
}

static Json toJson(const DivergenceResult &d) {
  return {{"perplexity", toJson(d.perplexity)}, {"ln_ratio", toJson(d.logRatio)},
          {"correlation", d.correlation},       {"kl_divergence", toJson(d.klDivergence)},
          {"same_top", toJson(d.sameTop)},      {"delta_p", toJson(d.deltaP)},
          {"rms_delta_p", toJson(d.rmsDeltaP)}};
}

/// Of the prompts that a model goes on with as the first one does.
static std::optional<double> shareOfSameTexts(const CompareReport &report, size_t model) {
  // A base that is a file writes nothing.
  const size_t silent = report.models.size() - report.promptedModels.size();
  if (report.prompts.empty() || model < silent)
    return std::nullopt;
  const auto same = std::ranges::count_if(report.prompts, [&](const ComparedPrompt &prompt) {
    return prompt.texts[model - silent].ids == prompt.texts.front().ids;
  });
  return double(same) / double(report.prompts.size());
}

Json toJson(const CompareReport &report) {
  Json models = Json::array();
  for (size_t i = 0; i < report.models.size(); ++i) {
    models.push_back(toJson(report.models[i]));
    if (i == 0)
      models[i]["perplexity"] = toJson(report.comparison.basePerplexity);
    else
      models[i].update(toJson(report.comparison.models[i - 1]));
    if (!report.models[i].tasks.empty())
      models[i]["tasks"] = tasksToJson(report, report.models[i]);
    if (const std::optional<double> share = shareOfSameTexts(report, i))
      models[i]["same_texts"] = *share;
  }
  Json json = {{"convention", report.convention},
               {"windows", report.windows},
               {"tokens", report.comparison.tokens},
               {"models", std::move(models)}};
  if (!report.prompts.empty())
    json["prompts"] = toJson(report.prompts, report.promptedModels);
  if (!report.speedTests.empty())
    json["speed_tests"] = report.speedTests;
  return json;
}

} // namespace qopt
