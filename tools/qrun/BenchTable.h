//===- BenchTable.h - benchmarks as Markdown and CSV ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_BENCHTABLE_H
#define QOPT_TOOLS_QRUN_BENCHTABLE_H

#include "tools/qrun/BenchReport.h"

namespace qopt {

/// The columns of llama-bench that say something here, and the share of the bandwidth.
const char *markdownHeader();
std::string markdownRows(const BenchReport &report);

/// A row a test, every number in the unit that its column names.
const char *csvHeader();
std::string csvRows(const BenchReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_BENCHTABLE_H
