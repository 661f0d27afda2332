//===- BenchReport.h - what qrun bench prints -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_BENCHREPORT_H
#define QOPT_TOOLS_QRUN_BENCHREPORT_H

#include "runtime/formats/Json.h"
#include <string>
#include <vector>

namespace qopt {

/// One test, as llama-bench names it: "pp512", "tg128 @ d1024".
struct BenchResult {
  std::string name;
  int64_t tokens;              ///< Of one sequence.
  int64_t batch;               ///< Sequences.
  int64_t depth;               ///< Tokens in the cache beforehand.
  std::vector<double> seconds; ///< Of each repetition.
  double weightBytes = 0;      ///< Read in one repetition; 0 where that is no measure.
  double flops = 0;            ///< Of matrix products in one repetition.
  /// What another program reached after each repetition, in tokens/s; empty if none ran.
  std::vector<double> otherRates = {};
};

/// A kernel by itself, in all its launches of one function.
struct KernelBenchResult {
  std::string function;
  std::string kernel;
  int64_t rows;
  int64_t past;       ///< Tokens in the cache.
  int64_t launches;   ///< In the function, each with weights of its own.
  double seconds = 0; ///< Of all of them.
  double bytes = 0;   ///< Weights, operands, results and cached tokens, each once.
  double flops = 0;   ///< Of products.
};

/// The tests of one artifact.
struct BenchReport {
  std::string artifact;
  std::string device;
  unsigned threads;
  double loadMilliseconds;
  double generationSeconds; ///< Of random weights.
  uint64_t weightBytesPerToken;
  uint64_t weightBytes;               ///< In the artifact.
  double bandwidth = 0;               ///< Bytes/s that the device can do,
  std::string bandwidthKind = "read"; ///< reading on the CPU, copying ("copy") on a GPU.
  uint64_t peakMemoryBytes = 0;       ///< Without the buffer that the bandwidth is measured on.
  std::vector<BenchResult> results = {};
  std::vector<KernelBenchResult> kernels = {};
};

/// A rate over the repetitions of a test.
struct Rate {
  double mean;
  double deviation; ///< Standard; 0 for one repetition.
};

/// Of all sequences.
Rate tokensPerSecond(const BenchResult &result);
/// Of the bandwidth that the device can do, in reading weights; 0 where that is no measure.
double shareOfBandwidth(const BenchReport &report, const BenchResult &result);

Json toJson(const BenchReport &report);
std::string toText(const BenchReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_BENCHREPORT_H
