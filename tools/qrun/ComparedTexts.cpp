//===- ComparedTexts.cpp - what models write, side by side ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/ComparedTexts.h"
#include "runtime/eval/tasks/RecordFile.h"
#include "runtime/formats/Error.h"
#include "runtime/sampling/Generator.h"
#include "runtime/tokenizer/ChatTemplate.h"
#include <algorithm>

using namespace qopt;

std::vector<ComparedPrompt> qopt::readPrompts(const PromptOptions &options,
                                              const std::vector<std::string> &artifacts) {
  std::vector<ComparedPrompt> prompts;
  if (options.file.empty())
    return prompts;
  if (!options.chat.empty())
    for (const std::string &artifact : artifacts)
      findChatTemplate(options.chat, artifact);
  for (std::string &line : readLines(options.file))
    if (!line.empty())
      prompts.push_back({std::move(line), {}});
  return prompts;
}

/// Cut where it leaves the first model's text. A text that is the beginning of the other differs
/// where it ends.
static ComparedText compareTo(const std::vector<int32_t> &first, std::vector<int32_t> ids,
                              const Tokenizer &tokenizer, const std::string &text) {
  ComparedText result;
  result.commonTokens = size_t(std::ranges::mismatch(first, ids).in2 - ids.begin());
  if (result.commonTokens == ids.size() && ids.size() == first.size()) {
    result.common = text;
  } else {
    // The first token's leading space is not in what decode gives; both begin alike.
    const std::string common = tokenizer.decode(std::span(ids).first(result.commonTokens));
    const size_t offset = text.starts_with(' ') && !common.starts_with(' ') ? 1 : 0;
    const size_t length = std::min(text.size(), common.empty() ? 0 : common.size() + offset);
    result.common = text.substr(0, length);
    result.rest = text.substr(length);
  }
  result.ids = std::move(ids);
  return result;
}

void qopt::addTexts(const Model &model, const PromptOptions &options, int64_t chunk,
                    std::vector<ComparedPrompt> &prompts) {
  std::vector<std::vector<int32_t>> encoded;
  size_t longest = 0;
  for (const ComparedPrompt &prompt : prompts) {
    std::string text = prompt.prompt;
    if (!options.chat.empty())
      text = findChatTemplate(options.chat, model.artifact().directory()).wrap(text);
    encoded.push_back(model.encodePrompt(text));
    longest = std::max(longest, encoded.back().size());
  }
  const int64_t context =
      std::min(model.plan().config.maxPosition, int64_t(longest) + options.tokens);
  Session session(model.plan(), model.device(), {context, chunk, int64_t(prompts.size())});
  Generator generator(session, model.tokenizer(), {options.tokens, {}, {}, model.endTokens()});
  std::vector<GeneratedText> texts = generator.run(encoded, Generator::TextCallback());
  for (size_t i = 0; i < prompts.size(); ++i) {
    std::vector<ComparedText> &list = prompts[i].texts;
    const std::vector<int32_t> first = list.empty() ? texts[i].ids : list.front().ids;
    list.push_back(compareTo(first, std::move(texts[i].ids), model.tokenizer(), texts[i].text));
  }
}

/// In one line.
static std::string oneLine(std::string text) {
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3)
    text.replace(at, 1, "⏎");
  return text;
}

static bool differs(const ComparedPrompt &prompt, size_t model) {
  return prompt.texts[model].ids != prompt.texts.front().ids;
}

std::string qopt::toText(const std::vector<ComparedPrompt> &prompts,
                         const std::vector<std::string> &names) {
  size_t width = 0;
  for (const std::string &name : names)
    width = std::max(width, name.size());
  std::string text;
  for (const ComparedPrompt &prompt : prompts) {
    text += fmt::format("\n> {}\n", oneLine(prompt.prompt));
    for (size_t i = 0; i < names.size(); ++i) {
      const ComparedText &own = prompt.texts[i];
      text += fmt::format("{:<{}}  {}{}{}\n", names[i], width, oneLine(own.common),
                          differs(prompt, i) ? "▶" : "", oneLine(own.rest));
    }
  }
  return text;
}

Json qopt::toJson(const std::vector<ComparedPrompt> &prompts,
                  const std::vector<std::string> &names) {
  Json json = Json::array();
  for (const ComparedPrompt &prompt : prompts) {
    Json texts = Json::array();
    for (size_t i = 0; i < names.size(); ++i) {
      const ComparedText &own = prompt.texts[i];
      texts.push_back({{"artifact", names[i]},
                       {"ids", own.ids},
                       {"text", own.common + own.rest},
                       {"common_tokens", own.commonTokens},
                       {"same", !differs(prompt, i)}});
    }
    json.push_back({{"prompt", prompt.prompt}, {"texts", std::move(texts)}});
  }
  return json;
}
