//===- ChatTemplate.h - how chat models are asked ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_CHATTEMPLATE_H
#define QOPT_RUNTIME_TOKENIZER_CHATTEMPLATE_H

#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// What stands around one message of a user, up to where the model answers. BOS is the tokenizer's.
struct ChatTemplate {
  std::string name;
  std::string before;
  std::string after;

  std::string wrap(std::string_view message) const;
};

/// "llama-2", "llama-3", "qwen", "zephyr".
std::vector<std::string> chatTemplateNames();

/// The template of that name, as models without a system's message have it; or, for "auto", the one
/// that `chat_template` of the model's tokenizer_config.json is recognised as, with the message of
/// the system that it puts first by itself. Throws an Error if there is none of that name, or the
/// model has none or another one.
ChatTemplate findChatTemplate(const std::string &name, const std::string &directory);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_CHATTEMPLATE_H
