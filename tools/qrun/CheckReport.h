//===- CheckReport.h - what qrun check prints -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_CHECKREPORT_H
#define QOPT_TOOLS_QRUN_CHECKREPORT_H

#include "runtime/check/Agreement.h"
#include "runtime/check/KernelCheck.h"
#include "runtime/formats/Json.h"

namespace qopt {

struct CheckReport {
  std::string artifact;
  std::string device;
  std::string reference; ///< The device it is compared with.
  std::vector<KernelCheckResult> kernels;
  std::optional<Agreement> agreement; ///< Where there is a text.
  double maxDivergence;               ///< The limits for it.
  double maxLogitError;

  bool agrees() const;
};

/// The heads of a table with a row for each kernel and shape.
std::string headingOf(const CheckReport &report);
std::string toText(const KernelCheckResult &result);
/// What comes after the table: how many disagree, and the agreement of the whole model.
std::string summaryOf(const CheckReport &report);
Json toJson(const CheckReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_CHECKREPORT_H
