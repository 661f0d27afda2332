//===- KvStudyReport.h - compressed caches by length and mode ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_KVSTUDYREPORT_H
#define QOPT_TOOLS_QRUN_KVSTUDYREPORT_H

#include "runtime/eval/Divergence.h"
#include "runtime/formats/Json.h"
#include <string>
#include <vector>

namespace qopt {

/// Of the cache, in all layers.
struct CacheBytes {
  double perToken = 0;
  int64_t window = 0; ///< Of each sequence, for its newest tokens, beside them.
};

/// What `qrun kv-study` measured, against the model with an unquantized cache.
struct KvStudyReport {
  struct Mode {
    std::string name;
    std::string rule; ///< Of qopt --compress-kv.
    CacheBytes bytes;
    std::vector<DivergenceResult> results; ///< By length.
  };
  std::string model, text;
  std::vector<int64_t> lengths;         ///< Tokens of a window.
  std::vector<Estimate> basePerplexity; ///< By length.
  double baseBytesPerToken;
  std::vector<Mode> modes;
};

std::string toText(const KvStudyReport &report);
Json toJson(const KvStudyReport &report);
/// A page that needs nothing else: KL divergence by length, and against bytes, and the table.
std::string toHtml(const KvStudyReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_KVSTUDYREPORT_H
