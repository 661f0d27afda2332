//===- BenchReport.cpp - what qrun bench prints ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/BenchReport.h"

#include <algorithm>
#include <cmath>
#include <fmt/ranges.h>

using namespace qopt;

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

Rate qopt::tokensPerSecond(const BenchResult &result) {
  return rateOf(double(result.tokens * result.batch), result.seconds);
}

double qopt::shareOfBandwidth(const BenchReport &report, const BenchResult &result) {
  return rateOf(result.weightBytes, result.seconds).mean / report.bandwidth;
}

/// Our rate by the other program's, of each pair of runs.
static std::vector<double> ratios(const BenchResult &result) {
  std::vector<double> ratios;
  for (size_t i = 0; i < result.otherRates.size(); ++i)
    ratios.push_back(double(result.tokens * result.batch) / result.seconds[i] /
                     result.otherRates[i]);
  return ratios;
}

static double median(std::vector<double> values) {
  std::ranges::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 ? values[half] : (values[half - 1] + values[half]) / 2;
}

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
               {"weight_bytes", report.weightBytes},
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
                 {"ms_per_token", 1e3 * double(result.batch) / tokens.mean},
                 {"gflop_per_s", rateOf(result.flops, result.seconds).mean / 1e9}};
    if (result.weightBytes > 0) {
      test["weights_gb_s"] = rateOf(result.weightBytes, result.seconds).mean / 1e9;
      test["share_of_" + report.bandwidthKind + "_bandwidth"] = shareOfBandwidth(report, result);
    }
    if (!result.otherRates.empty()) {
      test["other_tokens_per_s"] = result.otherRates;
      test["ratios"] = ratios(result);
      test["median_ratio"] = median(ratios(result));
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
                          100 * shareOfBandwidth(report, result), report.bandwidthKind);
    }
    text += "\n";
    if (!result.otherRates.empty())
      text += fmt::format("{:>20}  {:>9.2f} tokens/s of the other program at the median; ours is "
                          "{:.2f} times that: {:.2f}\n",
                          "", median(result.otherRates), median(ratios(result)),
                          fmt::join(ratios(result), ", "));
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
