//===- TaskTable.h - results of tasks as text and as JSON -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_TASKTABLE_H
#define QOPT_TOOLS_QRUN_TASKTABLE_H

#include "tools/qrun/TaskEvaluation.h"

namespace qopt {

/// "acc"; with several tasks and metrics, what a column is called.
std::string metricTitle(const TaskReport &report, const MetricResult &metric);
/// "25.30 % ± 1.37" or "12.3456 ± 0.1234".
std::string formatMetric(const MetricResult &metric);
/// Accuracies and the like, which are printed as shares.
bool isShare(TaskMetric metric);

/// That contexts lost their beginning, in a line; empty if none did.
std::string truncationRemark(const TaskReport &report);
/// A row for each metric, and remarks.
std::string toText(std::span<const TaskReport> reports);
nlohmann::ordered_json toJson(const TaskReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_TASKTABLE_H
