//===- GenerationConfigTest.cpp - generation_config.json ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GenerationConfig.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

static GenerationConfig parse(const char *text) {
  Json json = Json::parse(text);
  return parseGenerationConfig(JsonObject(json, "generation_config.json"));
}

TEST(GenerationConfig, ReadsBundledModels) {
  auto config = readGenerationConfig(bundledModel("tiny-llama"));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->bosTokenId, 1);
  EXPECT_EQ(config->eosTokenIds, std::vector<int64_t>{2});
  EXPECT_EQ(config->temperature, std::nullopt);
}

TEST(GenerationConfig, NoFile) {
  TempDir dir;
  EXPECT_EQ(readGenerationConfig(dir.path()), std::nullopt);
}

TEST(GenerationConfig, ReadsLlama31AndComesBackThroughJson) {
  GenerationConfig config =
      parse(R"({"bos_token_id": 128000, "do_sample": true, "eos_token_id": [128001, 128008, 128009],
                "temperature": 0.6, "top_p": 0.9, "transformers_version": "4.42.3"})");
  EXPECT_EQ(config.eosTokenIds, (std::vector<int64_t>{128001, 128008, 128009}));
  EXPECT_EQ(config.temperature, 0.6);
  EXPECT_EQ(config.topP, 0.9);
  EXPECT_EQ(config.doSample, true);
  Json json = toJson(config);
  EXPECT_EQ(json["eos_token_ids"].size(), 3u);
  EXPECT_EQ(generationConfigFromJson(JsonObject(json, "plan.json")), config);
}

TEST(GenerationConfig, ErrorsNameTheKey) {
  EXPECT_EQ(errorOf([] { parse(R"({"eos_token_id": [1, -1]})"); }),
            "generation_config.json: 'eos_token_id' is -1; expected integers from 0 to 16777215");
  expectContains(errorOf([] { parse(R"({"top_p": 1.5})"); }), {"'top_p' is 1.5"});
  expectContains(errorOf([] { parse(R"({"temperature": "hot"})"); }), {"'temperature' is 'hot'"});
}
