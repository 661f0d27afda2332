//===- BenchReport.cpp - what qrun bench prints ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/BenchReport.h"

#include <cmath>
#include <fmt/format.h>

using namespace qopt;

namespace {

struct Rate {
  double mean;
  double deviation; ///< Of the repetitions; 0 for one.
};

} // namespace

/// Mean and standard deviation over the repetitions of `amount` a second.
static Rate rateOf(double amount, const std::vector<double> &seconds) {
  double sum = 0, squares = 0;
  for (double s : seconds)
    sum += amount / s;
  double mean = sum / double(seconds.size());
  for (double s : seconds)
    squares += (amount / s - mean) * (amount / s - mean);
  double deviation = seconds.size() > 1 ? std::sqrt(squares / double(seconds.size() - 1)) : 0;
  return {mean, deviation};
}

static Rate tokensPerSecond(const BenchResult &result) {
  return rateOf(double(result.tokens * result.batch), result.seconds);
}

double qopt::meanTokensPerSecond(const BenchResult &result) { return tokensPerSecond(result).mean; }

static Json describeKernel(const KernelBenchResult &kernel, const BenchReport &report) {
  return {{"function", kernel.function},
          {"kernel", kernel.kernel},
          {"rows", kernel.rows},
          {"past", kernel.past},
          {"launches", kernel.launches},
          {"seconds", kernel.seconds},
          {"gb_s", kernel.bytes / kernel.seconds / 1e9},
          {"share_of_" + report.bandwidthKind + "_bandwidth",
           kernel.bytes / kernel.seconds / report.bandwidth},
          {"tflop_s", kernel.flops / kernel.seconds / 1e12}};
}

Json qopt::toJson(const BenchReport &report) {
  Json json = {{"artifact", report.artifact},
               {"device", report.device},
               {"threads", report.threads},
               {"load_ms", report.loadMilliseconds},
               {"random_weights_s", report.generationSeconds},
               {"weight_bytes_per_token", report.weightBytesPerToken},
               {report.bandwidthKind + "_bandwidth_gb_s", report.bandwidth / 1e9},
               {"peak_memory_bytes", report.peakMemoryBytes},
               {"tests", Json::array()}};
  for (const BenchResult &result : report.results) {
    Rate tokens = tokensPerSecond(result);
    Json test = {{"name", result.name},
                 {"tokens", result.tokens},
                 {"batch", result.batch},
                 {"depth", result.depth},
                 {"seconds", result.seconds},
                 {"tokens_per_s", tokens.mean},
                 {"tokens_per_s_deviation", tokens.deviation},
                 {"gflop_per_s", rateOf(result.flops, result.seconds).mean / 1e9}};
    if (result.weightBytes > 0) {
      double rate = rateOf(result.weightBytes, result.seconds).mean;
      test["weights_gb_s"] = rate / 1e9;
      test["share_of_" + report.bandwidthKind + "_bandwidth"] = rate / report.bandwidth;
    }
    json["tests"].push_back(test);
  }
  for (const KernelBenchResult &kernel : report.kernels)
    json["kernels"].push_back(describeKernel(kernel, report));
  return json;
}

std::string qopt::toText(const BenchReport &report) {
  std::string text = fmt::format(
      "{}: {}, load {:.1f} ms, {:.1f} MB of weights a token, {} bandwidth {:.2f} GB/s\n",
      report.artifact, report.device, report.loadMilliseconds,
      double(report.weightBytesPerToken) / 1e6, report.bandwidthKind, report.bandwidth / 1e9);
  for (const BenchResult &result : report.results) {
    Rate tokens = tokensPerSecond(result);
    text +=
        fmt::format("{:>20}  {:>9.2f} ± {:.2f} tokens/s  {:>7.1f} GFLOP/s", result.name,
                    tokens.mean, tokens.deviation, rateOf(result.flops, result.seconds).mean / 1e9);
    if (result.weightBytes > 0) {
      double rate = rateOf(result.weightBytes, result.seconds).mean;
      text += fmt::format("  {:.2f} GB/s of weights, {:.1f} % of {} bandwidth", rate / 1e9,
                          100 * rate / report.bandwidth, report.bandwidthKind);
    }
    text += "\n";
  }
  for (const KernelBenchResult &kernel : report.kernels)
    text += fmt::format(
        "{:<12} {:<56} x{:<3} {:>9.1f} us  {:>8.1f} GB/s, {:>5.1f} % of {}  {:>7.2f} "
        "TFLOP/s\n",
        kernel.function, kernel.kernel, kernel.launches, 1e6 * kernel.seconds,
        kernel.bytes / kernel.seconds / 1e9, 100 * kernel.bytes / kernel.seconds / report.bandwidth,
        report.bandwidthKind, kernel.flops / kernel.seconds / 1e12);
  return text;
}
