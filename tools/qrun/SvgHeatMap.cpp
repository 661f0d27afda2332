//===- SvgHeatMap.cpp - a table of numbers as colours ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/SvgHeatMap.h"

#include "tools/qrun/SvgPlot.h"
#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

using namespace qopt;

static constexpr double width = 640, left = 150, right = 10, top = 50, rowHeight = 22, legend = 36;

/// Where a value lies between the ends: 0 to 1.
static double share(const HeatMap &map, double value) {
  if (!(map.high > map.low) || !(map.low > 0))
    return 0.5;
  return std::clamp(std::log(value / map.low) / std::log(map.high / map.low), 0.0, 1.0);
}

/// From light yellow over orange to dark red.
static std::string colour(double share) {
  constexpr std::array<std::array<double, 3>, 3> stops = {
      {{255, 255, 204}, {253, 141, 60}, {128, 0, 38}}};
  const size_t stop = share < 0.5 ? 0 : 1;
  const double part = 2 * share - double(stop);
  auto channel = [&](size_t i) {
    return int(std::lround(stops[stop][i] + part * (stops[stop + 1][i] - stops[stop][i])));
  };
  return fmt::format("#{:02x}{:02x}{:02x}", channel(0), channel(1), channel(2));
}

static std::string text(double x, double y, const char *anchor, const std::string &content,
                        const char *attributes = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" {}>{}</text>\n", x, y,
                     anchor, attributes, escapeHtml(content));
}

static std::string rectangle(double x, double y, double w, double h, double share) {
  return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
                     "fill=\"{}\"/>\n",
                     x, y, w, h, colour(share));
}

static std::string drawCell(const HeatMap &map, size_t row, size_t column, double cellWidth) {
  constexpr double roomForNumber = 44;
  const double value = map.values[row * map.columns.size() + column];
  if (std::isnan(value))
    return "";
  const double x = left + double(column) * cellWidth, y = top + double(row) * rowHeight;
  std::string svg = rectangle(x, y, cellWidth - 1, rowHeight - 1, share(map, value));
  if (cellWidth >= roomForNumber)
    svg += text(x + cellWidth / 2, y + rowHeight / 2 + 4, "middle", fmt::format("{:.1e}", value),
                share(map, value) > 0.6 ? "fill=\"#fff\" font-size=\"10\"" : "font-size=\"10\"");
  return svg;
}

static std::string drawLegend(const HeatMap &map, double y) {
  constexpr int steps = 32;
  constexpr double length = 200;
  std::string svg;
  for (int i = 0; i < steps; ++i)
    svg +=
        rectangle(left + i * length / steps, y, length / steps + 0.5, 10, double(i) / (steps - 1));
  return svg + text(left - 6, y + 9, "end", fmt::format("{:.1e}", map.low)) +
         text(left + length + 6, y + 9, "start", fmt::format("{:.1e}", map.high));
}

std::string qopt::toSvg(const HeatMap &map) {
  const double bottom = top + double(map.rows.size()) * rowHeight;
  const double cellWidth = (width - left - right) / double(std::max<size_t>(1, map.columns.size()));
  std::string svg = fmt::format("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
                                "font-family=\"sans-serif\" font-size=\"11\">\n",
                                width, bottom + legend);
  svg += text(width / 2, 18, "middle", map.title, "font-weight=\"bold\"");
  svg += text(left - 8, top - 6, "end", map.columnTitle);
  // Every so many columns are named, as they have room for.
  const size_t each = std::max<size_t>(1, size_t(std::ceil(24 / cellWidth)));
  for (size_t column = 0; column < map.columns.size(); column += each)
    svg += text(left + (double(column) + 0.5) * cellWidth, top - 6, "middle", map.columns[column]);
  for (size_t row = 0; row < map.rows.size(); ++row) {
    svg += text(left - 8, top + (double(row) + 0.5) * rowHeight + 4, "end", map.rows[row]);
    for (size_t column = 0; column < map.columns.size(); ++column)
      svg += drawCell(map, row, column, cellWidth);
  }
  return svg + drawLegend(map, bottom + 12) + "</svg>\n";
}
