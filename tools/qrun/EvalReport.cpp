//===- EvalReport.cpp - perplexities as text and as JSON ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/EvalReport.h"
#include <cmath>
#include <fmt/format.h>

namespace qopt {

std::string describeConvention(Convention convention, int64_t ctx, bool bos) {
  return fmt::format("{} ctx={} {}", toString(convention), ctx, bos ? "bos" : "no-bos");
}

std::string toText(const Measurement &measurement) {
  const Perplexity &ppl = measurement.perplexity;
  const std::string name = describeConvention(ppl.convention, ppl.ctx, ppl.bos);
  if (!ppl.size)
    return fmt::format("ppl[{}] = {:.4f} ± {:.4f} ({} tokens)\n", name, ppl.value,
                       ppl.standardError, ppl.tokens);
  return fmt::format("word ppl[{0}] = {1:.4f} ± {2:.4f} ({3} words, {4} tokens)\n"
                     "byte ppl[{0}] = {5:.4f}, {6:.4f} bits a byte ({7} bytes)\n",
                     name, ppl.value, ppl.standardError, ppl.size->words, ppl.tokens,
                     ppl.bytePerplexity(), ppl.bitsPerByte(), ppl.size->bytes);
}

nlohmann::ordered_json toJson(const Measurement &measurement) {
  const Perplexity &ppl = measurement.perplexity;
  nlohmann::ordered_json json = {
      {"convention", toString(ppl.convention)},
      {"ctx", ppl.ctx},
      {"bos", ppl.bos},
      {"windows", ppl.windows},
      {"tokens", ppl.tokens},
      {"perplexity", ppl.value},
      {"stderr", ppl.standardError},
      {"log_likelihood", ppl.logLikelihood},
      {"seconds", measurement.seconds},
      {"tokens_per_s", double(measurement.tokensEvaluated) / measurement.seconds}};
  if (ppl.size)
    json.update({{"pages", ppl.size->pages},
                 {"words", ppl.size->words},
                 {"bytes", ppl.size->bytes},
                 {"word_perplexity", ppl.value},
                 {"byte_perplexity", ppl.bytePerplexity()},
                 {"bits_per_byte", ppl.bitsPerByte()}});
  return json;
}

} // namespace qopt
