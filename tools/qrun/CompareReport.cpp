//===- CompareReport.cpp - a comparison as text and as JSON ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/CompareReport.h"
#include "tools/qrun/Model.h"
#include <fmt/format.h>

namespace qopt {

uint64_t storedWeightBytes(const Model &model) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < model.plan().weights.size(); ++i)
    bytes += model.artifact().weight(i).bytes.size();
  return bytes;
}

/// The perplexity of the base, as measured beside any of the others.
static std::optional<Estimate> basePerplexity(const CompareReport &report) {
  for (const ComparedModel &model : report.models)
    if (model.divergence)
      return model.divergence->basePerplexity;
  return std::nullopt;
}

std::string toText(const CompareReport &report) {
  const DivergenceResult &any = *report.models.back().divergence;
  std::string text = fmt::format("{} tokens of {} windows, [{}]; KL(base || model) in nats\n\n",
                                 any.tokens, report.windows, report.convention);
  size_t width = 8;
  for (const ComparedModel &model : report.models)
    width = std::max(width, model.artifact.size());
  text += fmt::format("{:<{}}  {:>9}  {:>18}  {:>20}  {:>21}  {:>9}  {:>9}  {:>8}  {:>7}\n",
                      "artifact", width, "MB", "ppl", "ln(ppl/base)", "mean KL", "p99 KL", "max KL",
                      "same top", "rms dp");
  for (const ComparedModel &model : report.models) {
    const Estimate ppl = model.divergence ? model.divergence->perplexity : *basePerplexity(report);
    text += fmt::format("{:<{}}  {:>9.2f}  {:>9.4f} ± {:>6.4f}", model.artifact, width,
                        double(model.weightBytes) / 1e6, ppl.mean, ppl.error);
    if (const auto &d = model.divergence)
      text += fmt::format("  {:>+9.6f} ± {:>8.6f}  {:>9.3e} ± {:>9.1e}  {:>9.2e}  {:>9.2e}  "
                          "{:>7.2f}%  {:>6.3f}%",
                          d->logRatio.mean, d->logRatio.error, d->klDivergence.estimate.mean,
                          d->klDivergence.estimate.error, d->klDivergence.p99, d->klDivergence.max,
                          100 * d->sameTop.mean, 100 * d->rmsDeltaP.mean);
    else
      text += "  base";
    text += "\n";
  }
  return text;
}

static Json toJson(const Estimate &estimate) {
  return {{"mean", estimate.mean}, {"stderr", estimate.error}};
}

static Json toJson(const Distribution &d) {
  return {{"mean", d.estimate.mean},
          {"stderr", d.estimate.error},
          {"min", d.min},
          {"p0.1", d.p001},
          {"p1", d.p01},
          {"p10", d.p10},
          {"median", d.median},
          {"p90", d.p90},
          {"p99", d.p99},
          {"p99.9", d.p999},
          {"max", d.max}};
}

Json toJson(const CompareReport &report) {
  Json models = Json::array();
  for (const ComparedModel &model : report.models) {
    Json json = {{"artifact", model.artifact},
                 {"recipe", model.recipe},
                 {"weight_bytes", model.weightBytes}};
    if (const auto &d = model.divergence)
      json.update({{"perplexity", toJson(d->perplexity)},
                   {"ln_ratio", toJson(d->logRatio)},
                   {"correlation", d->correlation},
                   {"kl_divergence", toJson(d->klDivergence)},
                   {"same_top", toJson(d->sameTop)},
                   {"delta_p", toJson(d->deltaP)},
                   {"rms_delta_p", toJson(d->rmsDeltaP)}});
    else
      json["perplexity"] = toJson(*basePerplexity(report));
    models.push_back(std::move(json));
  }
  return {{"convention", report.convention},
          {"windows", report.windows},
          {"tokens", report.models.back().divergence->tokens},
          {"models", std::move(models)}};
}

} // namespace qopt
