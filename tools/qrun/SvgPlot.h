//===- SvgPlot.h - plots without a network ----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_SVGPLOT_H
#define QOPT_TOOLS_QRUN_SVGPLOT_H

#include <string>
#include <vector>

namespace qopt {

struct PlotPoint {
  double x, y;
  std::string label = {}; ///< Written beside it; empty: none.
};

struct PlotSeries {
  std::string name; ///< In the legend; empty: not there.
  std::vector<PlotPoint> points;
  bool isLine = false;
  bool isDashed = false;
};

struct Plot {
  std::string title;
  std::string xTitle;
  std::string yTitle;
  std::vector<PlotSeries> series;
  bool startsAtZero = false; ///< The y axis.
};

/// `text` for HTML and SVG: & < > and quotes escaped.
std::string escapeHtml(const std::string &text);

/// A plot as an <svg> element, with axes, a legend and a title; all that is in it is escaped.
/// Points that are not finite are left out.
std::string toSvg(const Plot &plot);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_SVGPLOT_H
