//===- ChatTemplateTest.cpp - tests of how chat models are asked ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/ChatTemplate.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

/// A folder with a tokenizer_config.json, gone afterwards.
class ChatTemplateTest : public testing::Test {
protected:
  void SetUp() override { fs::create_directories(folder); }
  void TearDown() override { fs::remove_all(folder); }

  /// What "Hi" becomes in the template of a file with this `chat_template`, or the error.
  std::string wrapped(const Json &chatTemplate) const {
    std::ofstream(folder / "tokenizer_config.json") << Json({{"chat_template", chatTemplate}});
    try {
      return findChatTemplate("auto", folder.string()).wrap("Hi");
    } catch (const Error &error) {
      return error.what();
    }
  }

  const fs::path folder = fs::temp_directory_path() / fmt::format("qopt-chat-{}", getpid());
};

} // namespace

// Templates are shortened here. The expected texts are what jinja2 makes of the whole ones (with
// trim_blocks and lstrip_blocks, as transformers has them) of one message of a user and
// add_generation_prompt, but for BOS.

TEST_F(ChatTemplateTest, llama2) {
  EXPECT_EQ(wrapped("{% if messages[0]['role'] == 'system' %}{% set content = '<<SYS>>\\n' + "
                    "system_message + '\\n<</SYS>>\\n\\n' + messages[0]['content'] %}{% endif %}"
                    "{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"),
            "[INST] Hi [/INST]");
}

TEST_F(ChatTemplateTest, llama3) {
  EXPECT_EQ(wrapped("{% for message in loop_messages %}{% set content = '<|start_header_id|>' + "
                    "message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + "
                    "'<|eot_id|>' %}{{ content }}{% endfor %}{% if add_generation_prompt %}"
                    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"),
            "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST_F(ChatTemplateTest, laterLlama3BeginWithDates) {
  EXPECT_EQ(wrapped("{%- if not date_string is defined %}{%- set date_string = \"26 Jul 2024\" %}"
                    "{%- endif %}{{- \"<|start_header_id|>system<|end_header_id|>\\n\\n\" }}"
                    "{{- \"Cutting Knowledge Date: December 2023\\n\" }}{{- \"Today Date: \" + "
                    "date_string + \"\\n\\n\" }}{{- system_message }}{{- \"<|eot_id|>\" }}"
                    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' }}"),
            "<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
            "Today Date: 26 Jul 2024\n\n<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi"
            "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n");
}

static const std::string qwenTurn = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";

TEST_F(ChatTemplateTest, qwen3HasNoSystem) {
  EXPECT_EQ(wrapped("{%- if messages[0].role == 'system' %}{{- '<|im_start|>system\\n' + "
                    "messages[0].content + '<|im_end|>\\n' }}{%- endif %}{{- '<|im_start|>' + "
                    "message.role + '\\n' + content + '<|im_end|>' + '\\n' }}"),
            qwenTurn);
}

TEST_F(ChatTemplateTest, qwen2AndOthersOfItsMannerHaveOne) {
  EXPECT_EQ(wrapped("{{- '<|im_start|>system\\n' }}{{- messages[0]['content'] }}{{- "
                    "'<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a "
                    "helpful assistant.<|im_end|>\\n' }}"),
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful "
            "assistant.<|im_end|>\n" +
                qwenTurn);
  EXPECT_EQ(wrapped("{% if loop.first %}<|im_start|>system\nYou are a helpful AI assistant named "
                    "SmolLM, trained by Hugging Face<|im_end|>\n{% endif %}"),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging "
            "Face<|im_end|>\n" +
                qwenTurn);
}

TEST_F(ChatTemplateTest, zephyr) {
  EXPECT_EQ(wrapped("{% for message in messages %}\n{% if message['role'] == 'user' %}\n"
                    "{{ '<|user|>\\n' + message['content'] + eos_token }}\n{% endif %}\n"
                    "{% if loop.last and add_generation_prompt %}\n{{ '<|assistant|>' }}\n"
                    "{% endif %}\n{% endfor %}"),
            "<|user|>\nHi</s>\n<|assistant|>\n");
}

TEST_F(ChatTemplateTest, ofSeveralTheDefaultOneCounts) {
  EXPECT_EQ(wrapped({{{"name", "tool_use"}, {"template", "<<SYS>> [INST]"}},
                     {{"name", "default"}, {"template", "<|im_start|> <|im_end|>"}}}),
            qwenTurn);
  EXPECT_TRUE(wrapped(Json::array()).ends_with("chat_template is array without a default"));
}

// Phi-3, Phi-4, GLM-4, Mistral: alike, and yet others.
TEST_F(ChatTemplateTest, othersAreRefused) {
  for (const char *other :
       {"{{'<|user|>' + '\\n' + message['content'] + '<|end|>' + '\\n'}}{{ eos_token }}",
        "{{'<|im_start|>user<|im_sep|>' + message['content'] + '<|im_end|>'}}",
        "[gMASK]<sop>{{ '<|user|>\\n' + message['content'] }}",
        "{{ '[INST] ' + message['content'] + ' [/INST]' }}", ""})
    EXPECT_TRUE(wrapped(other).ends_with(
        "is none of those that are built in (llama-2, llama-3, qwen, zephyr)"))
        << other;
}

TEST_F(ChatTemplateTest, namesGiveThemWithoutASystem) {
  EXPECT_EQ(findChatTemplate("qwen", "nowhere").wrap("Hi"), qwenTurn);
  EXPECT_THROW(findChatTemplate("vicuna", "nowhere"), Error);
  EXPECT_THROW(findChatTemplate("auto", "nowhere"), Error);
}
