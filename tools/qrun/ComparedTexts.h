//===- ComparedTexts.h - what models write, side by side --------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COMPAREDTEXTS_H
#define QOPT_TOOLS_QRUN_COMPAREDTEXTS_H

#include "runtime/formats/Json.h"
#include "tools/qrun/Model.h"

namespace qopt {

/// What one model goes on with, and how far it is what the first model does.
struct ComparedText {
  std::vector<int32_t> ids;
  std::string common; ///< Text of the tokens up to the first that differs,
  std::string rest;   ///< and from there on; empty if none differs.
  size_t commonTokens = 0;
};

/// One prompt, and what each model makes of it.
struct ComparedPrompt {
  std::string prompt;
  std::vector<ComparedText> texts;
};

struct PromptOptions {
  std::string file; ///< A prompt a line.
  int64_t tokens = 64;
  std::string chat; ///< Name of a chat template; empty: prompts as they are.
};

/// The prompts of the file; none without a file. Throws an Error if a file has none, or there is no
/// such template for one of the artifacts.
std::vector<ComparedPrompt> readPrompts(const PromptOptions &options,
                                        const std::vector<std::string> &artifacts);
/// Adds the greedy texts of a model to every prompt. Throws Error.
void addTexts(const Model &model, const PromptOptions &options, int64_t chunk,
              std::vector<ComparedPrompt> &prompts);

/// Under each prompt a line for each model, with ▶ before the first token that differs.
std::string toText(const std::vector<ComparedPrompt> &prompts,
                   const std::vector<std::string> &names);
Json toJson(const std::vector<ComparedPrompt> &prompts, const std::vector<std::string> &names);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COMPAREDTEXTS_H
