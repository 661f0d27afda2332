//===- GgufTokenizerTest.cpp - tokenizers from GGUF metadata --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"
#include "runtime/formats/GgufWriter.h"

using namespace qopt;
using namespace qopt::test;

namespace {

/// The keys of a tokenizer.
struct TokenizerKeys {
  std::string model = "gpt2";
  std::string pre = "gpt-2";
  std::vector<std::string> tokens;
  std::vector<int32_t> types;
  std::vector<float> scores;
  std::vector<std::string> merges;
  GgufPairs others;

  std::unique_ptr<Tokenizer> load() {
    TempDir directory;
    others.add("tokenizer.ggml.model", model);
    if (!pre.empty())
      others.add("tokenizer.ggml.pre", pre);
    others.add("tokenizer.ggml.tokens", tokens);
    if (!types.empty())
      others.add("tokenizer.ggml.token_type", types);
    if (!scores.empty())
      others.add("tokenizer.ggml.scores", scores);
    if (!merges.empty())
      others.add("tokenizer.ggml.merges", merges);
    GgufWriter(directory.path("tokenizer.gguf"), others, {}).commit();
    return Tokenizer::load(directory.path());
  }
  std::string error() {
    return errorOf([&] { load(); });
  }
};

} // namespace

static TokenizerKeys merges() {
  TokenizerKeys keys;
  keys.tokens = {"a", "b", "Ġ", "ab", "Ġab", "<end>", "<user>"};
  keys.types = {1, 1, 1, 1, 1, 3, 4};
  keys.merges = {"a b", "Ġ ab"};
  return keys;
}

static TokenizerKeys pieces() {
  TokenizerKeys keys;
  keys.model = "llama";
  keys.pre = "default";
  keys.tokens = {"<unk>", "<s>", "</s>", "▁", "a", "b", "ab", "▁ab"};
  keys.types = {2, 3, 3, 1, 1, 1, 1, 1};
  keys.scores = {0, 0, 0, -4, -5, -6, -1, -2};
  keys.others.add("tokenizer.ggml.bos_token_id", uint32_t(1));
  keys.others.add("tokenizer.ggml.eos_token_id", uint32_t(2));
  return keys;
}

TEST(GgufTokenizer, Merges) {
  auto tokenizer = merges().load();
  EXPECT_EQ(tokenizer->encode("ab ab<end>a<user>b"), (std::vector<int32_t>{3, 4, 5, 0, 6, 1}));
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{3, 4, 5, 6}), "ab ab<user>");
  EXPECT_TRUE(tokenizer->isSpecial(5));
  EXPECT_FALSE(tokenizer->isSpecial(6));
  EXPECT_FALSE(tokenizer->addsBos());
}

TEST(GgufTokenizer, Pieces) {
  auto tokenizer = pieces().load();
  EXPECT_EQ(tokenizer->encode("ab ab"), (std::vector<int32_t>{1, 7, 7}));
  EXPECT_EQ(tokenizer->decode(std::vector<int32_t>{1, 7, 7}), "ab ab");
  EXPECT_EQ(tokenizer->eosId(), 2);
  TokenizerKeys keys = pieces();
  keys.others.add("tokenizer.ggml.add_bos_token", false);
  keys.others.add("tokenizer.ggml.add_eos_token", true);
  keys.others.add("tokenizer.ggml.add_space_prefix", false);
  EXPECT_EQ(keys.load()->encode("ab ab"), (std::vector<int32_t>{6, 7, 2}));
}

TEST(GgufTokenizer, BadKeys) {
  TokenizerKeys keys = merges();
  keys.model = "rwkv";
  expectContains(keys.error(), {"tokenizer.gguf", "'rwkv'", "llama and gpt2"});
  keys = merges();
  keys.pre = "tekken";
  expectContains(keys.error(), {"'tekken'", "gpt-2, llama-bpe and qwen2"});
  keys = merges();
  keys.pre = "";
  expectContains(keys.error(), {"no 'tokenizer.ggml.pre'"});
  keys = merges();
  keys.merges = {};
  expectContains(keys.error(), {"no 'tokenizer.ggml.merges'"});
  keys = merges();
  keys.merges = {"ab"};
  expectContains(keys.error(), {"tokenizer.ggml.merges' has 'ab'"});
  keys = merges();
  keys.merges = {"a c"};
  expectContains(keys.error(), {"'c'"});
  keys = merges();
  keys.tokens[1] = "a";
  expectContains(keys.error(), {"'a'"});
  keys = merges();
  keys.tokens = {};
  expectContains(keys.error(), {"0 tokens"});
  keys = merges();
  keys.types = {1, 1};
  expectContains(keys.error(), {"token_type' has 2 elements", "7 tokens"});
  keys = merges();
  keys.types[2] = 7;
  expectContains(keys.error(), {"[2] is 7"});
  keys = pieces();
  keys.scores = {};
  expectContains(keys.error(), {"no 'tokenizer.ggml.scores'"});
  keys = merges();
  keys.others.add("tokenizer.ggml.bos_token_id", uint32_t(7));
  expectContains(keys.error(), {"bos_token_id' is 7", "0 to 6"});
}
