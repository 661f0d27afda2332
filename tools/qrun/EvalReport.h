//===- EvalReport.h - perplexities as text and as JSON ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_EVALREPORT_H
#define QOPT_TOOLS_QRUN_EVALREPORT_H

#include "runtime/eval/Perplexity.h"
#include "runtime/formats/Json.h"

namespace qopt {

/// A perplexity and what measuring it took.
struct Measurement {
  Perplexity perplexity;
  double seconds;
  int64_t tokensEvaluated; ///< More than were scored.
};

/// "llama.cpp ctx=512 bos": without it the number means nothing.
std::string describeConvention(Convention convention, int64_t ctx, bool bos);

/// `ppl[llama.cpp ctx=512 bos] = 10.1825 ± 0.1547 (20910 tokens)`; under lm-eval two lines, of
/// words and of bytes.
std::string toText(const Measurement &measurement);

/// In this order at least `convention`, `ctx`, `tokens`, `perplexity`, `stderr`.
nlohmann::ordered_json toJson(const Measurement &measurement);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_EVALREPORT_H
