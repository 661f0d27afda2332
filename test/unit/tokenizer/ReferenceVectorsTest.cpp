//===- ReferenceVectorsTest.cpp - against the libraries of Hugging Face and Google ===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"
#include <ctime>

using namespace qopt;
using namespace qopt::test;

TEST(ReferenceVectors, TokenizersAgreeWithTheirLibraries) {
  Json vectors = readJsonFile(dataFile("vectors.json"));
  for (const Json &group : vectors["groups"]) {
    std::unique_ptr<Tokenizer> tokenizer;
    if (group.contains("model"))
      tokenizer = Tokenizer::load(bundledModel(group["model"].get<std::string>()));
    else if (group.contains("json"))
      tokenizer = loadFile("tokenizer.json", group["json"].dump());
    else
      tokenizer = loadFile("tokenizer.model", readAll(dataFile(group["file"].get<std::string>())));
    checkCases(*tokenizer, group);
  }
}

TEST(ReferenceVectors, MegabytesTakeUnderASecond) {
  std::string text;
  while (text.size() < 1'000'000)
    text += readAll(bundledModel("heldout.txt"));
  for (std::string_view model : {"tiny-llama", "tiny-gpt2", "tiny-qwen2"}) {
    auto tokenizer = Tokenizer::load(bundledModel(model));
    for (const std::string &input :
         {text, std::string(1'000'000, ' '), std::string(1'000'000, 'a')}) {
      auto start = std::clock(); // Other processes do not count.
      tokenizer->encode(input);
      EXPECT_LT(double(std::clock() - start) / CLOCKS_PER_SEC, 1.0) << model;
    }
  }
}
