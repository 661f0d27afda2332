//===- BenchTable.cpp - benchmarks as Markdown and CSV --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/BenchTable.h"

#include <fmt/format.h>

using namespace qopt;

const char *qopt::markdownHeader() {
  return "| model | size | device | test | t/s | % of bandwidth |\n"
         "| --- | ---: | --- | ---: | ---: | ---: |\n";
}

std::string qopt::markdownRows(const BenchReport &report) {
  std::string text;
  for (const BenchResult &result : report.results) {
    const Rate rate = tokensPerSecond(result);
    const double share = shareOfBandwidth(report, result);
    text +=
        fmt::format("| {} | {:.2f} MiB | {} | {} | {:.2f} ± {:.2f} | {} |\n", report.artifact,
                    double(report.weightBytes) / (1 << 20), report.device, result.name, rate.mean,
                    rate.deviation, share > 0 ? fmt::format("{:.1f}", 100 * share) : "");
  }
  return text;
}

const char *qopt::csvHeader() {
  return "artifact,device,threads,weight_bytes,test,tokens,batch,depth,tokens_per_s,"
         "tokens_per_s_deviation,share_of_bandwidth,peak_memory_bytes\n";
}

/// A field as RFC 4180 has it.
static std::string quoted(const std::string &field) {
  std::string text = "\"";
  for (char c : field)
    text += c == '"' ? "\"\"" : std::string(1, c);
  return text + "\"";
}

std::string qopt::csvRows(const BenchReport &report) {
  std::string text;
  for (const BenchResult &result : report.results) {
    const Rate rate = tokensPerSecond(result);
    const double share = shareOfBandwidth(report, result);
    text +=
        fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", quoted(report.artifact),
                    quoted(report.device), report.threads, report.weightBytes, quoted(result.name),
                    result.tokens, result.batch, result.depth, rate.mean, rate.deviation,
                    share > 0 ? fmt::format("{}", share) : "", report.peakMemoryBytes);
  }
  return text;
}
