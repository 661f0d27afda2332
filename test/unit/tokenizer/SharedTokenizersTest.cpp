//===- SharedTokenizersTest.cpp - real vocabularies, where they are at hand ===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"
#include <ctime>

using namespace qopt;
using namespace qopt::test;

/// Skips the tests where there is no shared data.
class SharedTokenizers : public testing::Test {
protected:
  void SetUp() override {
    if (!std::filesystem::exists(directory))
      GTEST_SKIP() << "skipped: no " << directory;
  }

  /// Whether the shared tokenizer in `folder`, of which only `files` are taken, gives the ids that
  /// llama.cpp has recorded for its test texts.
  void checkRecordedIds(std::string_view folder, std::initializer_list<std::string_view> files,
                        std::string_view recorded) {
    TempDir copy;
    for (std::string_view file : files)
      std::filesystem::create_symlink(fmt::format("{}/{}/{}", directory, folder, file),
                                      copy.path(file.ends_with(".gguf") ? "tokenizer.gguf" : file));
    auto tokenizer = Tokenizer::load(copy.path());
    std::string base = fmt::format("{}/ggml-vocab/ggml-vocab-{}.gguf", directory, recorded);
    std::string texts = readAll(base + ".inp");
    std::istringstream lines(readAll(base + ".out"));
    constexpr std::string_view separator = "\n__ggml_vocab_test__\n";
    size_t count = 0;
    for (size_t begin = 0; begin < texts.size(); ++count) {
      size_t end = std::min(texts.find(separator, begin), texts.size());
      std::string line;
      ASSERT_TRUE(std::getline(lines, line));
      std::istringstream numbers(line);
      std::vector<int32_t> expected(std::istream_iterator<int32_t>(numbers), {});
      std::string text = texts.substr(begin, end - begin);
      EXPECT_EQ(tokenizer->encode(text, {.addSpecial = false, .parseSpecial = false}), expected)
          << folder << ": " << text;
      begin = end + separator.size();
    }
    EXPECT_EQ(count, 46u);
  }

  std::string directory = sharedDirectory() + "/tokenizers";
};

TEST_F(SharedTokenizers, Gpt2JsonGivesTheRecordedIds) {
  checkRecordedIds("gpt2", {"tokenizer.json"}, "gpt-2");
}

TEST_F(SharedTokenizers, Gpt2MergesGiveTheRecordedIds) {
  checkRecordedIds("gpt2", {"vocab.json", "merges.txt"}, "gpt-2");
}

TEST_F(SharedTokenizers, Llama2GivesTheRecordedIds) {
  checkRecordedIds("llama2", {"tokenizer.model"}, "llama-spm");
}

TEST_F(SharedTokenizers, GgufMetadataGivesTheRecordedIds) {
  checkRecordedIds("ggml-vocab", {"ggml-vocab-gpt-2.gguf"}, "gpt-2");
  checkRecordedIds("ggml-vocab", {"ggml-vocab-llama-spm.gguf"}, "llama-spm");
}

TEST_F(SharedTokenizers, AgreeWithTheirLibraries) {
  Json vectors = readJsonFile(dataFile("shared_vectors.json"));
  for (Json &group : vectors["groups"]) {
    auto folder = group["directory"].get<std::string>();
    auto tokenizer = Tokenizer::load(directory + "/" + folder);
    // The references come without BOS.
    for (Json &entry : group["cases"])
      if (tokenizer->addsBos() && entry.contains("text")) {
        auto ids = entry["ids"].get<std::vector<int32_t>>();
        ids.insert(ids.begin(), *tokenizer->bosId());
        entry["ids_with_special"] = ids;
      }
    if (folder == "llama2")
      group["file"] = "tokenizer.model";
    checkCases(*tokenizer, group);
  }
}

TEST_F(SharedTokenizers, AMegabyteTakesUnderASecond) {
  std::string text;
  while (text.size() < 1'000'000)
    text += readAll(bundledModel("heldout.txt"));
  for (std::string_view folder : {"gpt2", "qwen2", "llama3", "llama2"}) {
    auto tokenizer = Tokenizer::load(fmt::format("{}/{}", directory, folder));
    auto start = std::clock();
    tokenizer->encode(text);
    EXPECT_LT(double(std::clock() - start) / CLOCKS_PER_SEC, 1.0) << folder;
  }
}

TEST_F(SharedTokenizers, SpecialTokensWithoutAConfig) {
  auto llama3 = Tokenizer::load(directory + "/llama3");
  EXPECT_EQ(llama3->vocabSize(), 128256);
  EXPECT_EQ(llama3->bosId(), 128000);
  EXPECT_EQ(llama3->eosId(), 128001);
  EXPECT_EQ(llama3->findToken("<|eot_id|>"), 128009);
  EXPECT_EQ(llama3->findToken("<|reserved_special_token_250|>"), 128255);
  EXPECT_TRUE(llama3->addsBos());
  auto llama2 = Tokenizer::load(directory + "/llama2");
  EXPECT_EQ(llama2->bosId(), 1);
  EXPECT_EQ(llama2->eosId(), 2);
  EXPECT_TRUE(llama2->addsBos());
  auto qwen2 = Tokenizer::load(directory + "/qwen2");
  EXPECT_EQ(qwen2->vocabSize(), 151646);
  EXPECT_EQ(qwen2->bosId(), std::nullopt);
  EXPECT_EQ(qwen2->eosId(), 151643);
}
