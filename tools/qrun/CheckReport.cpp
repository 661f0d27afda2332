//===- CheckReport.cpp - what qrun check prints ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CheckReport.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

using namespace qopt;

static bool agrees(const CheckReport &report, const Agreement &agreement) {
  return agreement.meanDivergence <= report.maxDivergence &&
         agreement.largestLogitError <= report.maxLogitError && agreement.wrongTop == 0;
}

bool CheckReport::agrees() const {
  return std::ranges::all_of(kernels, &KernelCheckResult::agrees) &&
         (!agreement || ::agrees(*this, *agreement));
}

std::string qopt::headingOf(const CheckReport &report) {
  return fmt::format("{}: {}, against {}\nerrors relative to |reference| + rms\n\n"
                     "{:<12} {:<52} {:>4} {:>3} {:>5}  {:<8} {:>9} {:>9} {:>8}\n",
                     report.artifact, report.device, report.reference, "function", "kernel", "rows",
                     "seq", "past", "of", "max", "mean", "limit");
}

std::string qopt::toText(const KernelCheckResult &result) {
  std::string text;
  for (const ResultError &error : result.errors)
    text += fmt::format("{:<12} {:<52} {:>4} {:>3} {:>5}  {:<8} {:>9.2e} {:>9.2e} {:>8.1e}{}\n",
                        result.function, result.kernel, result.shape.rows, result.shape.sequences,
                        result.past, error.what, error.max, error.mean, error.limit,
                        error.max <= error.limit ? "" : "  DISAGREES");
  return text;
}

std::string qopt::summaryOf(const CheckReport &report) {
  auto wrong =
      std::ranges::count_if(report.kernels, [](const KernelCheckResult &r) { return !r.agrees(); });
  std::string text = fmt::format("\n{} of {} checks disagree\n", wrong, report.kernels.size());
  if (const std::optional<Agreement> &a = report.agreement)
    text += fmt::format("text of {} tokens: mean KL {:.2e} (limit {:.0e}), max KL {:.2e}, largest "
                        "logit error {:.4f} (limit {}), other likeliest token at {}, {} beyond "
                        "rounding{}\n",
                        a->tokens, a->meanDivergence, report.maxDivergence, a->maxDivergence,
                        a->largestLogitError, report.maxLogitError, a->differentTop, a->wrongTop,
                        agrees(report, *a) ? "" : "  DISAGREES");
  return text;
}

/// JSON has no infinity: null is no number.
static Json number(double value) { return std::isfinite(value) ? Json(value) : Json(); }

Json qopt::toJson(const CheckReport &report) {
  Json kernels = Json::array();
  for (const KernelCheckResult &result : report.kernels) {
    Json errors = Json::array();
    for (const ResultError &error : result.errors)
      errors.push_back({{"of", error.what},
                        {"max", number(error.max)},
                        {"mean", number(error.mean)},
                        {"limit", error.limit}});
    kernels.push_back({{"function", result.function},
                       {"kernel", result.kernel},
                       {"loc", result.location},
                       {"rows", result.shape.rows},
                       {"sequences", result.shape.sequences},
                       {"past", result.past},
                       {"agrees", result.agrees()},
                       {"errors", std::move(errors)}});
  }
  Json json = {{"artifact", report.artifact},
               {"device", report.device},
               {"reference", report.reference},
               {"agrees", report.agrees()},
               {"kernels", std::move(kernels)}};
  if (const std::optional<Agreement> &a = report.agreement)
    json["text"] = {{"tokens", a->tokens},
                    {"mean_kl", a->meanDivergence},
                    {"max_kl", a->maxDivergence},
                    {"largest_logit_error", a->largestLogitError},
                    {"different_top", a->differentTop},
                    {"wrong_top", a->wrongTop},
                    {"agrees", agrees(report, *a)}};
  return json;
}
