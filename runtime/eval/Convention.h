//===- Convention.h - the ways people measure perplexity --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_CONVENTION_H
#define QOPT_RUNTIME_EVAL_CONVENTION_H

#include <cstdint>
#include <string>
#include <string_view>

namespace qopt {

/// A perplexity without its convention says nothing: one model gives 5.5, 5.8 or 8.7 on the same
/// text. docs/evaluation.md describes each.
enum class Convention : uint8_t {
  LlamaCpp, ///< Disjoint chunks, BOS over each chunk's first token, the second half scored.
  Gptq,     ///< Disjoint windows of one long encoding, all but the first token scored.
  LmEval,   ///< lm-evaluation-harness's wikitext task: pages, every token scored, by word and byte.
};

/// "llama.cpp", "gptq" or "lm-eval", as on the command line and in JSON.
std::string_view toString(Convention convention);

/// The convention of that name. Throws an Error that lists the names.
Convention parseConvention(std::string_view name);

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_CONVENTION_H
