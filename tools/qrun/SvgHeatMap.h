//===- SvgHeatMap.h - a table of numbers as colours -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_SVGHEATMAP_H
#define QOPT_TOOLS_QRUN_SVGHEATMAP_H

#include <string>
#include <vector>

namespace qopt {

/// Positive numbers by row and column, in colours on a logarithmic scale.
struct HeatMap {
  std::string title;
  std::string columnTitle;
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  std::vector<double> values; ///< Row by row; NaN where there is none.
  double low, high;           ///< What the lightest and the darkest colour stand for.
};

/// As an <svg> element, with the numbers in the cells if they are wide enough; all text in it is
/// escaped.
std::string toSvg(const HeatMap &map);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_SVGHEATMAP_H
