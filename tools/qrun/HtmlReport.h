//===- HtmlReport.h - a comparison as one HTML file -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_HTMLREPORT_H
#define QOPT_TOOLS_QRUN_HTMLREPORT_H

#include "tools/qrun/CompareReport.h"

namespace qopt {

/// A page that needs nothing else: the table of everything, quality against size as a Pareto chart,
/// KL divergence by position, speed with the roofline of reading the weights, and what
/// quantization cost each layer, where the artifacts say.
std::string toHtml(const CompareReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_HTMLREPORT_H
