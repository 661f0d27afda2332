//===- ChatTemplate.cpp - how chat models are asked -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/ChatTemplate.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <array>
#include <filesystem>

using namespace qopt;

namespace {

struct KnownTemplate {
  std::string_view name;
  std::array<std::string_view, 2> marks; ///< What it has in it,
  std::string_view foreign;              ///< and what only others of its kind have.
  std::string_view before;
  std::string_view after;
};

/// As the templates of meta-llama/Llama-2-7b-chat-hf, meta-llama/Meta-Llama-3-8B-Instruct,
/// Qwen/Qwen3-8B and TinyLlama/TinyLlama-1.1B-Chat-v1.0 render one message, without a system's.
/// Phi-4 has <|im_sep|> in the manner of Qwen, Phi-3 and GLM-4 have <|user|> in that of Zephyr.
constexpr std::array knownTemplates = {
    KnownTemplate{"llama-2", {"[INST]", "<<SYS>>"}, "", "[INST] ", " [/INST]"},
    KnownTemplate{"llama-3",
                  {"<|start_header_id|>", "<|eot_id|>"},
                  "",
                  "<|start_header_id|>user<|end_header_id|>\n\n",
                  "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
    KnownTemplate{"qwen",
                  {"<|im_start|>", "<|im_end|>"},
                  "<|im_sep|>",
                  "<|im_start|>user\n",
                  "<|im_end|>\n<|im_start|>assistant\n"},
    KnownTemplate{
        "zephyr", {"<|user|>", "eos_token"}, "<|end|>", "<|user|>\n", "</s>\n<|assistant|>\n"},
};

/// Llama 3.1 to 3.3 begin with it; the date is what their templates say where no clock is at hand.
constexpr std::string_view llamaDates =
    "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n\n<|eot_id|>";

} // namespace

std::string ChatTemplate::wrap(std::string_view message) const {
  return before + std::string(message) + after;
}

std::vector<std::string> qopt::chatTemplateNames() {
  std::vector<std::string> names;
  for (const KnownTemplate &known : knownTemplates)
    names.emplace_back(known.name);
  return names;
}

static ChatTemplate makeTemplate(const KnownTemplate &known) {
  return {std::string(known.name), std::string(known.before), std::string(known.after)};
}

/// The text of `chat_template`; of several by name, the default one.
static std::string templateText(const std::string &file) {
  const Json json = readJsonFile(file);
  if (!json.is_object() || !json.contains("chat_template"))
    fail("{}: has no chat_template; --chat can name one: {}", file,
         fmt::join(chatTemplateNames(), ", "));
  const Json &value = json["chat_template"];
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_array())
    for (const Json &entry : value)
      if (entry.is_object() && entry.value("name", Json()) == "default")
        return JsonObject(entry, file, "chat_template").string("template");
  fail("{}: chat_template is {} without a default", file, value.type_name());
}

static bool isOf(const std::string &text, const KnownTemplate &known) {
  auto has = [&](std::string_view mark) { return text.find(mark) != std::string::npos; };
  return std::ranges::all_of(known.marks, has) && (known.foreign.empty() || !has(known.foreign));
}

/// The message of a system that a template in Qwen's manner has in it as it is, between its marks.
static std::string qwenSystem(const std::string &text) {
  static constexpr std::string_view begin = "<|im_start|>system", end = "<|im_end|>";
  for (size_t at = 0; (at = text.find(begin, at)) != std::string::npos;) {
    at += begin.size();
    std::string_view message = std::string_view(text).substr(at);
    message = message.substr(0, message.find(end));
    // A line's end, or what stands for one in a string of the template.
    for (std::string_view newLine : {"\n", "\\n"})
      if (message.starts_with(newLine) && message.find_first_of("'\"{}") == std::string_view::npos)
        return fmt::format("{}\n{}{}\n", begin, message.substr(newLine.size()), end);
  }
  return "";
}

static ChatTemplate recognise(const std::string &file) {
  const std::string text = templateText(file);
  for (const KnownTemplate &known : knownTemplates) {
    if (!isOf(text, known))
      continue;
    ChatTemplate result = makeTemplate(known);
    if (known.name == "qwen")
      result.before.insert(0, qwenSystem(text));
    if (known.name == "llama-3" && text.find("Cutting Knowledge Date") != std::string::npos)
      result.before.insert(0, llamaDates);
    return result;
  }
  fail("{}: the chat_template {} is none of those that are built in ({})", file, quote(text),
       fmt::join(chatTemplateNames(), ", "));
}

ChatTemplate qopt::findChatTemplate(const std::string &name, const std::string &directory) {
  if (name == "auto") {
    const std::string file = directory + "/tokenizer_config.json";
    if (!std::filesystem::exists(file))
      fail("{}: is not there to say how the model is asked; --chat can: {}", file,
           fmt::join(chatTemplateNames(), ", "));
    return recognise(file);
  }
  for (const KnownTemplate &known : knownTemplates)
    if (known.name == name)
      return makeTemplate(known);
  fail("there is no chat template {}; there are auto, {}", quote(name),
       fmt::join(chatTemplateNames(), ", "));
}
