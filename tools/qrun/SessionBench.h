//===- SessionBench.h - a session timed on random tokens --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_SESSIONBENCH_H
#define QOPT_TOOLS_QRUN_SESSIONBENCH_H

#include "runtime/session/Session.h"
#include "tools/qrun/BenchReport.h"
#include "tools/qrun/Model.h"

namespace qopt {

struct SessionBenchOptions {
  int64_t promptTokens = 512;
  int64_t decodeTokens = 128;
  int64_t repetitions = 5;
  int64_t batch = 1;           ///< Sequences.
  int64_t depth = 0;           ///< Tokens in the cache beforehand,
  bool hasRandomCache = false; ///< and whether they are random numbers rather than computed.
};

/// Times a session on random tokens: what the model computes does not depend on them.
class SessionBench {
public:
  /// Throws an Error if a test is longer than the model's context. `chunk` tokens are prefilled at
  /// a time.
  SessionBench(const Model &model, const SessionBenchOptions &options, int64_t chunk);

  BenchResult prefill() { return measure("pp", options.promptTokens, options.promptTokens); }
  BenchResult decode() { return measure("tg", options.decodeTokens, 1); }

private:
  BenchResult measure(const char *kind, int64_t tokens, int64_t tokensPerStep);
  double runOnce(int64_t tokens, int64_t tokensPerStep);
  void runStep(int64_t tokensPerSequence);
  /// Steps of one token whose next ones the device chooses.
  void decodeGreedily(int64_t count);

  const SessionBenchOptions options;
  const PlanTarget &target;
  const Artifact &artifact;
  const ModelConfig &config;
  Session session;
  std::vector<SequenceId> sequences;
  std::vector<int32_t> tokens; ///< Random ones, as many as one step can need.
};

/// Bytes of weights that decoding one token reads. Of a table only some rows are gathered: those
/// are not counted.
uint64_t weightBytesPerToken(const Artifact &artifact, const PlanTarget &target);

/// Bytes/s that the model's device can do with so many: reading on the CPU, copying on a GPU; in
/// memory that is free again afterwards.
double measureBandwidth(const Model &model, uint64_t bytes);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_SESSIONBENCH_H
