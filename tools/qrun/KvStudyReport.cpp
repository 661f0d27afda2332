//===- KvStudyReport.cpp - compressed caches by length and mode -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/KvStudyReport.h"

#include "runtime/formats/Error.h"
#include "tools/qrun/SvgPlot.h"
#include <algorithm>
#include <cmath>

using namespace qopt;

static size_t nameWidth(const KvStudyReport &report) {
  size_t width = 11;
  for (const KvStudyReport::Mode &mode : report.modes)
    width = std::max(width, mode.name.size());
  return width;
}

std::string qopt::toText(const KvStudyReport &report) {
  const size_t width = nameWidth(report);
  std::string text =
      fmt::format("{} on {}; KL(unquantized || mode) in nats\n", report.model, report.text);
  for (const KvStudyReport::Mode &mode : report.modes)
    if (mode.bytes.window > 0)
      text += fmt::format("{}: and {} bytes a sequence, its newest tokens in full precision\n",
                          mode.name, mode.bytes.window);
  for (size_t i = 0; i < report.lengths.size(); ++i) {
    text +=
        fmt::format("\n{} tokens\n{:{}}  bytes/token               mean KL  same top       ppl\n",
                    report.lengths[i], "mode", width);
    text += fmt::format("{:{}}  {:11.0f}  {:>20}  {:>8}  {:8.4f}\n", "unquantized", width,
                        report.baseBytesPerToken, "", "", report.basePerplexity[i].mean);
    for (const KvStudyReport::Mode &mode : report.modes) {
      const DivergenceResult &result = mode.results[i];
      text += fmt::format("{:{}}  {:11.0f}  {:9.3e} ± {:7.1e}  {:7.2f}%  {:8.4f}\n", mode.name,
                          width, mode.bytes.perToken, result.klDivergence.estimate.mean,
                          result.klDivergence.estimate.error, 100 * result.sameTop.mean,
                          result.perplexity.mean);
    }
  }
  return text;
}

Json qopt::toJson(const KvStudyReport &report) {
  Json modes = Json::array();
  for (const KvStudyReport::Mode &mode : report.modes) {
    Json results = Json::array();
    for (size_t i = 0; i < report.lengths.size(); ++i) {
      const DivergenceResult &result = mode.results[i];
      results.push_back({{"length", report.lengths[i]},
                         {"tokens", result.tokens},
                         {"kl_mean", result.klDivergence.estimate.mean},
                         {"kl_error", result.klDivergence.estimate.error},
                         {"kl_p99", result.klDivergence.p99},
                         {"kl_max", result.klDivergence.max},
                         {"same_top", result.sameTop.mean},
                         {"perplexity", result.perplexity.mean},
                         {"base_perplexity", report.basePerplexity[i].mean}});
    }
    modes.push_back({{"mode", mode.name},
                     {"rule", mode.rule},
                     {"bytes_per_token", mode.bytes.perToken},
                     {"window_bytes", mode.bytes.window},
                     {"results", results}});
  }
  return {{"model", report.model},
          {"text", report.text},
          {"lengths", report.lengths},
          {"base_bytes_per_token", report.baseBytesPerToken},
          {"modes", modes}};
}

/// KL divergences differ by orders of magnitude.
static double logKl(const DivergenceResult &result) {
  return std::log10(result.klDivergence.estimate.mean);
}

std::string qopt::toHtml(const KvStudyReport &report) {
  Plot byLength{"KL divergence by length", "tokens", "log10 of mean KL (nats)", {}};
  Plot bySize{"KL divergence by size, at the greatest length",
              "bytes of cache a token",
              "log10 of mean KL (nats)",
              {}};
  for (const KvStudyReport::Mode &mode : report.modes) {
    PlotSeries series{.name = mode.name, .points = {}, .isLine = true};
    for (size_t i = 0; i < report.lengths.size(); ++i)
      series.points.push_back({double(report.lengths[i]), logKl(mode.results[i])});
    byLength.series.push_back(std::move(series));
    bySize.series.push_back(
        {.name = "", .points = {{mode.bytes.perToken, logKl(mode.results.back()), mode.name}}});
  }
  return fmt::format("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<title>KV cache study</title></head><body>\n<h1>KV cache of {}</h1>\n{}\n{}\n"
                     "<pre>{}</pre>\n</body></html>\n",
                     escapeHtml(report.model), toSvg(byLength), toSvg(bySize),
                     escapeHtml(toText(report)));
}
