//===- ChatTemplate.cpp - how chat models are asked -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/ChatTemplate.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <array>
#include <filesystem>

using namespace qopt;

namespace {

struct KnownTemplate {
  std::string_view name;
  std::string_view mark; ///< What no other template has in it.
  std::string_view before;
  std::string_view after;
};

/// As the templates of meta-llama/Llama-2-7b-chat-hf, meta-llama/Meta-Llama-3-8B-Instruct,
/// Qwen/Qwen3-8B and TinyLlama/TinyLlama-1.1B-Chat-v1.0 render one message, without a system's.
constexpr std::array knownTemplates = {
    KnownTemplate{"llama-2", "<<SYS>>", "[INST] ", " [/INST]"},
    KnownTemplate{"llama-3", "<|start_header_id|>", "<|start_header_id|>user<|end_header_id|>\n\n",
                  "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"},
    KnownTemplate{"qwen", "<|im_start|>", "<|im_start|>user\n",
                  "<|im_end|>\n<|im_start|>assistant\n"},
    KnownTemplate{"zephyr", "<|user|>", "<|user|>\n", "</s>\n<|assistant|>\n"},
};

/// Systems' messages that Qwen's templates put first by themselves; the longer contains the other.
constexpr std::array<std::string_view, 2> qwenSystems = {
    "You are Qwen, created by Alibaba Cloud. You are a helpful assistant.",
    "You are a helpful assistant."};

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

static ChatTemplate recognise(const std::string &file) {
  const std::string text = templateText(file);
  for (const KnownTemplate &known : knownTemplates) {
    if (text.find(known.mark) == std::string::npos)
      continue;
    ChatTemplate result = makeTemplate(known);
    if (known.name == "qwen")
      for (std::string_view system : qwenSystems)
        if (text.find(system) != std::string::npos) {
          result.before = fmt::format("<|im_start|>system\n{}<|im_end|>\n{}", system, known.before);
          break;
        }
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
