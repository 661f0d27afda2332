//===- SvgPlot.cpp - plots without a network ------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/SvgPlot.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>

using namespace qopt;

namespace {

constexpr double width = 640, height = 360, left = 70, right = 20, top = 40, bottom = 50;

/// Colours that the colour-blind can tell apart (Okabe and Ito).
constexpr std::array colours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"};

/// A range of values on a range of pixels.
struct Axis {
  double low, high;
  double begin, end;

  double at(double value) const { return begin + (value - low) / (high - low) * (end - begin); }
};

} // namespace

std::string qopt::escapeHtml(const std::string &text) {
  std::string result;
  for (char c : text)
    switch (c) {
    case '&':
      result += "&amp;";
      break;
    case '<':
      result += "&lt;";
      break;
    case '>':
      result += "&gt;";
      break;
    case '"':
      result += "&quot;";
      break;
    default:
      result += c;
    }
  return result;
}

static bool isFinite(const PlotPoint &point) {
  return std::isfinite(point.x) && std::isfinite(point.y);
}

static Axis makeAxis(const Plot &plot, double PlotPoint::*value, double begin, double end,
                     bool fromZero) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const PlotSeries &series : plot.series)
    for (const PlotPoint &point : series.points)
      if (isFinite(point)) {
        low = std::min(low, point.*value);
        high = std::max(high, point.*value);
      }
  if (!(low <= high))
    low = 0, high = 1;
  const double margin = high > low ? 0.08 * (high - low) : std::max(0.1, 0.1 * std::abs(high));
  return {fromZero ? 0 : low - margin, high + margin, begin, end};
}

/// Where an axis has marks: about five, at multiples of 1, 2 or 5 times a power of ten.
struct Ticks {
  double distance;
  std::vector<double> values;
};

static Ticks ticksOf(const Axis &axis) {
  const double rough = (axis.high - axis.low) / 5;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double distance = 10 * power;
  for (double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough)
      distance = factor * power;
  Ticks ticks{distance, {}};
  const double first = std::ceil(axis.low / distance);
  // Counted, as adding a small distance to a large number may leave it as it is.
  for (int i = 0; i <= 10 && (first + i) * distance <= axis.high; ++i)
    ticks.values.push_back((first + i) * distance);
  return ticks;
}

static std::string text(double x, double y, const char *anchor, const std::string &content,
                        const char *attributes = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" {}>{}</text>\n", x, y,
                     anchor, attributes, escapeHtml(content));
}

static std::string line(double x1, double y1, double x2, double y2, const char *stroke) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" "
                     "stroke=\"{}\"/>\n",
                     x1, y1, x2, y2, stroke);
}

/// What is nothing but rounding beside the distance is 0.
static std::string tickLabel(double value, double distance) {
  return fmt::format("{:.6g}", std::abs(value) < distance / 2 ? 0.0 : value);
}

static std::string drawAxes(const Plot &plot, const Axis &x, const Axis &y) {
  std::string svg;
  const Ticks xTicks = ticksOf(x), yTicks = ticksOf(y);
  for (double v : xTicks.values) {
    svg += line(x.at(v), y.begin, x.at(v), y.end, "#e5e5e5");
    svg += text(x.at(v), y.begin + 16, "middle", tickLabel(v, xTicks.distance));
  }
  for (double v : yTicks.values) {
    svg += line(x.begin, y.at(v), x.end, y.at(v), "#e5e5e5");
    svg += text(x.begin - 6, y.at(v) + 4, "end", tickLabel(v, yTicks.distance));
  }
  svg += line(x.begin, y.begin, x.end, y.begin, "#444") +
         line(x.begin, y.begin, x.begin, y.end, "#444");
  svg += text((x.begin + x.end) / 2, height - 10, "middle", plot.xTitle);
  svg += text(-(y.begin + y.end) / 2, 16, "middle", plot.yTitle, "transform=\"rotate(-90)\"");
  return svg + text(width / 2, 20, "middle", plot.title, "font-weight=\"bold\"");
}

static std::string drawSeries(const PlotSeries &series, const char *colour, const Axis &x,
                              const Axis &y) {
  std::string svg, path;
  for (const PlotPoint &point : series.points) {
    if (!isFinite(point))
      continue;
    path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "M" : " L", x.at(point.x), y.at(point.y));
    if (!series.isLine)
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"5\" fill=\"{}\"/>\n",
                         x.at(point.x), y.at(point.y), colour);
    // To the left of points on the right, so that no label is cut off.
    const bool isRight = x.at(point.x) > (x.begin + x.end) / 2;
    if (!point.label.empty())
      svg += text(x.at(point.x) + (isRight ? -8 : 8), y.at(point.y) - 6, isRight ? "end" : "start",
                  point.label);
  }
  if (series.isLine && !path.empty())
    svg += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"1.5\"{}/>\n",
                       path, colour, series.isDashed ? " stroke-dasharray=\"6 4\"" : "");
  return svg;
}

/// Where the names of series begin: at the upper left or the upper right, wherever fewer points
/// are.
static double legendBegin(const Plot &plot, const Axis &x, const Axis &y) {
  const double lowest = top + 24 + 16 * double(plot.series.size());
  const double middle = (x.begin + x.end) / 2;
  int onLeft = 0, onRight = 0;
  for (const PlotSeries &series : plot.series)
    for (const PlotPoint &point : series.points)
      if (isFinite(point) && y.at(point.y) < lowest)
        ++(x.at(point.x) < middle ? onLeft : onRight);
  return onRight > onLeft ? x.begin + 12 : x.end - 170;
}

std::string qopt::toSvg(const Plot &plot) {
  const Axis x = makeAxis(plot, &PlotPoint::x, left, width - right, false);
  const Axis y = makeAxis(plot, &PlotPoint::y, height - bottom, top, plot.startsAtZero);
  std::string svg = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
                                "font-family=\"sans-serif\" font-size=\"11\">\n",
                                width, height);
  svg += drawAxes(plot, x, y);
  const double legendX = legendBegin(plot, x, y);
  double legendY = top + 12;
  for (size_t i = 0; i < plot.series.size(); ++i) {
    const char *colour = colours[i % colours.size()];
    svg += drawSeries(plot.series[i], colour, x, y);
    if (plot.series[i].name.empty())
      continue;
    svg += fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"10\" height=\"10\" fill=\"{}\"/>\n",
                       legendX, legendY - 9, colour);
    svg += text(legendX + 15, legendY, "start", plot.series[i].name);
    legendY += 16;
  }
  return svg + "</svg>\n";
}
