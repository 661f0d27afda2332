//===- HtmlReport.cpp - a comparison as one HTML file ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/HtmlReport.h"
#include "tools/qrun/SvgPlot.h"
#include <algorithm>
#include <fmt/format.h>
#include <limits>

using namespace qopt;

static constexpr std::string_view style = R"(
body { font-family: sans-serif; margin: 2em auto; max-width: 1400px; padding: 0 1em; color: #222; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { border: 1px solid #ccc; padding: 4px 8px; text-align: right; white-space: nowrap; }
th { background: #f3f3f3; white-space: normal; } th:first-child, td:first-child { text-align: left; }
.models td:nth-child(2) { text-align: left; white-space: normal; min-width: 14em; }
.texts td { text-align: left; white-space: pre-wrap; vertical-align: top; min-width: 16em; }
.plots { display: flex; flex-wrap: wrap; gap: 1em; } .plots svg { width: 640px; max-width: 100%; }
)";

/// The last part of a path.
static std::string shortName(const std::string &path) {
  std::string name = path;
  while (name.size() > 1 && name.ends_with('/'))
    name.pop_back();
  return name.substr(name.rfind('/') + 1);
}

static std::string htmlTable(const CompareTable &table) {
  std::string html = "<div class=\"wide\"><table class=\"models\">\n", tag = "th";
  for (const std::vector<std::string> &line : toLines(table)) {
    html += "<tr>";
    for (const std::string &cell : line)
      html += fmt::format("<{0}>{1}</{0}>", tag, escapeHtml(cell));
    html += "</tr>\n";
    tag = "td";
  }
  return html + "</table></div>\n";
}

/// Those that no other model beats in both size and perplexity, from small to large.
static PlotSeries paretoFront(std::vector<PlotPoint> points) {
  std::ranges::sort(points, {}, [](const PlotPoint &p) { return std::pair(p.x, p.y); });
  PlotSeries front{"Pareto front", {}, true, true};
  for (const PlotPoint &point : points)
    if (front.points.empty() || point.y < front.points.back().y)
      front.points.push_back({point.x, point.y});
  return front;
}

static Plot paretoPlot(const CompareReport &report) {
  PlotSeries models{"", {}};
  for (size_t i = 0; i < report.models.size(); ++i) {
    const Estimate &perplexity =
        i == 0 ? report.comparison.basePerplexity : report.comparison.models[i - 1].perplexity;
    if (report.models[i].weightBytes > 0)
      models.points.push_back({double(report.models[i].weightBytes) / 1e6, perplexity.mean,
                               shortName(report.models[i].artifact)});
  }
  return {"Quality against size",
          "weights, MB",
          fmt::format("perplexity [{}]", report.convention),
          {models, paretoFront(models.points)}};
}

static Plot klPlot(const CompareReport &report) {
  Plot plot{"KL divergence from the base by position",
            "scored position in the window",
            "mean KL, nats",
            {},
            true};
  for (size_t i = 0; i < report.comparison.klByPosition.size(); ++i) {
    PlotSeries series{shortName(report.models[i + 1].artifact), {}, true};
    // Means over runs of positions, so that a line shows.
    const std::vector<double> &kl = report.comparison.klByPosition[i];
    const size_t run = std::max<size_t>(1, kl.size() / 32);
    for (size_t first = 0; first < kl.size(); first += run) {
      const size_t last = std::min(kl.size(), first + run);
      double sum = 0;
      for (size_t j = first; j < last; ++j)
        sum += kl[j];
      series.points.push_back({double(first + last) / 2, sum / double(last - first)});
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

/// Decoding reads every weight once a token: no more tokens/s than bandwidth / bytes.
static Plot speedPlot(const CompareReport &report) {
  PlotSeries models{"median of decode", {}};
  double bandwidth = 0, least = std::numeric_limits<double>::infinity(), most = 0;
  for (const ComparedModel &model : report.models)
    if (model.speed) {
      const double megabytes = model.speed->weightBytesPerToken / 1e6;
      models.points.push_back({megabytes, model.speed->decode.median, shortName(model.artifact)});
      bandwidth = std::max(bandwidth, model.speed->readBandwidth);
      least = std::min(least, megabytes);
      most = std::max(most, megabytes);
    }
  PlotSeries roofline{fmt::format("roofline, {:.1f} GB/s", bandwidth / 1e9), {}, true, true};
  for (int i = 0; i <= 32; ++i) {
    const double megabytes = least * 0.95 + (most * 1.05 - least * 0.95) * i / 32;
    roofline.points.push_back({megabytes, bandwidth / (megabytes * 1e6)});
  }
  return {"Decoding against the read bandwidth",
          "weights read a token, MB",
          "tokens/s",
          {models, roofline},
          true};
}

/// The errors of each model's tensors, in colours that mean the same for all.
static std::string heatMaps(const CompareReport &report) {
  bool ofProducts = true;
  for (const ComparedModel &model : report.models)
    for (const TensorError &error : model.tensorErrors)
      ofProducts &= error.product.has_value();
  std::vector<HeatMap> maps;
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const ComparedModel &model : report.models) {
    HeatMap map = heatMapOf(shortName(model.artifact), model.tensorErrors, ofProducts);
    if (map.high == 0)
      continue;
    low = std::min(low, map.low);
    high = std::max(high, map.high);
    maps.push_back(std::move(map));
  }
  if (maps.empty())
    return "";
  std::string html = fmt::format("<h2>Errors by layer</h2>\n<p>{}</p>\n<div class=\"plots\">\n",
                                 ofProducts ? "max |y - y^| / max |y| of products with sampled rows"
                                            : "mean |x - x^| / mean |x| of quantized weights");
  for (HeatMap &map : maps) {
    map.low = low;
    map.high = high;
    html += toSvg(map);
  }
  return html + "</div>\n";
}

/// A column for each model; what differs from the first is marked.
static std::string promptTable(const CompareReport &report) {
  std::string html =
      "<h2>Texts</h2>\n<div class=\"wide\"><table class=\"texts\">\n<tr><th>prompt</th>";
  for (const std::string &name : report.promptedModels)
    html += fmt::format("<th>{}</th>", escapeHtml(shortName(name)));
  html += "</tr>\n";
  for (const ComparedPrompt &prompt : report.prompts) {
    html += fmt::format("<tr><td>{}</td>", escapeHtml(prompt.prompt));
    for (const ComparedText &text : prompt.texts)
      html +=
          fmt::format("<td>{}<mark>{}</mark></td>", escapeHtml(text.common), escapeHtml(text.rest));
    html += "</tr>\n";
  }
  return html + "</table></div>\n";
}

std::string qopt::toHtml(const CompareReport &report) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\n"
      "<title>Comparison of {0} models</title>\n<style>{1}</style></head>\n<body>\n"
      "<h1>Comparison of {0} models</h1>\n<p>{2} tokens of {3} windows, [{4}]; KL(base || model) "
      "in "
      "nats; the first model is the base. Errors are one standard error; those of differences are "
      "paired.</p>\n",
      report.models.size(), style, report.comparison.tokens, report.windows,
      escapeHtml(report.convention));
  html += htmlTable(toTable(report));
  html += "<div class=\"plots\">\n" + toSvg(paretoPlot(report));
  if (!report.comparison.klByPosition.empty())
    html += toSvg(klPlot(report));
  if (!report.speedTests.empty())
    html += toSvg(speedPlot(report));
  html += "</div>\n" + heatMaps(report);
  if (!report.prompts.empty())
    html += promptTable(report);
  return html + "</body>\n</html>\n";
}
