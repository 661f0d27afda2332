//===- CompareReport.cpp - a comparison as text and as JSON ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CompareReport.h"
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

static std::string costTable(const CompareReport &report) {
  const size_t width = nameWidth(report);
  std::string text = fmt::format("{:<{}}  {:>9}  {:>11}", "artifact", width, "MB", "bits/weight");
  if (!report.speedTests.empty())
    text += fmt::format("  {:>12}  {:>11}  {:>7}", "prefill t/s", "decode t/s", "peak MB");
  text += "  recipe\n";
  for (const ComparedModel &model : report.models) {
    if (model.weightBytes == 0)
      continue;
    text += fmt::format("{:<{}}  {:>9.2f}  {:>11.3f}", model.artifact, width,
                        double(model.weightBytes) / 1e6, model.bitsPerWeight);
    if (model.speed)
      text += fmt::format("  {:>12.2f}  {:>11.2f}  {:>7.1f}", model.speed->prefillTokensPerSecond,
                          model.speed->decodeTokensPerSecond,
                          double(model.speed->peakMemoryBytes) / 1e6);
    text += fmt::format("  {}\n", model.recipe);
  }
  return text;
}

std::string toText(const CompareReport &report) {
  std::string text = fmt::format("{} tokens of {} windows, [{}]; KL(base || model) in nats\n\n{}\n",
                                 report.comparison.tokens, report.windows, report.convention,
                                 qualityTable(report));
  if (!report.speedTests.empty())
    text += fmt::format("Speed of {}\n", report.speedTests);
  return text + costTable(report);
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

static Json toJson(const ComparedModel &model) {
  Json json = {{"artifact", model.artifact}};
  if (model.weightBytes > 0)
    json.update({{"recipe", model.recipe},
                 {"weight_bytes", model.weightBytes},
                 {"bits_per_weight", model.bitsPerWeight}});
  if (model.speed)
    json.update({{"prefill_tokens_per_s", model.speed->prefillTokensPerSecond},
                 {"decode_tokens_per_s", model.speed->decodeTokensPerSecond},
                 {"peak_memory_bytes", model.speed->peakMemoryBytes}});
  return json;
}

static Json toJson(const DivergenceResult &d) {
  return {{"perplexity", toJson(d.perplexity)}, {"ln_ratio", toJson(d.logRatio)},
          {"correlation", d.correlation},       {"kl_divergence", toJson(d.klDivergence)},
          {"same_top", toJson(d.sameTop)},      {"delta_p", toJson(d.deltaP)},
          {"rms_delta_p", toJson(d.rmsDeltaP)}};
}

Json toJson(const CompareReport &report) {
  Json models = Json::array();
  for (size_t i = 0; i < report.models.size(); ++i) {
    models.push_back(toJson(report.models[i]));
    if (i == 0)
      models[i]["perplexity"] = toJson(report.comparison.basePerplexity);
    else
      models[i].update(toJson(report.comparison.models[i - 1]));
  }
  Json json = {{"convention", report.convention},
               {"windows", report.windows},
               {"tokens", report.comparison.tokens},
               {"models", std::move(models)}};
  if (!report.speedTests.empty())
    json["speed_tests"] = report.speedTests;
  return json;
}

} // namespace qopt
