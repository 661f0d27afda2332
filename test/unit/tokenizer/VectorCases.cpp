//===- VectorCases.cpp - reference texts, ids and decoded texts -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorCases.h"

#include "runtime/tokenizer/StreamDecoder.h"
#include "runtime/tokenizer/Utf8.h"

using namespace qopt;

static std::string decodeStreamed(const Tokenizer &tokenizer, const std::vector<int32_t> &ids) {
  StreamDecoder stream(tokenizer);
  std::string text;
  for (int32_t id : ids) {
    std::string part = stream.feed(id);
    EXPECT_TRUE(isValidUtf8(part));
    text += part;
  }
  return text + stream.finish();
}

void qopt::test::checkCases(const Tokenizer &tokenizer, const Json &group) {
  ASSERT_FALSE(group["cases"].empty());
  for (const Json &entry : group["cases"]) {
    SCOPED_TRACE(group["name"].get<std::string>() + ": " + entry.dump());
    auto ids = entry["ids"].get<std::vector<int32_t>>();
    EXPECT_EQ(decodeStreamed(tokenizer, ids), tokenizer.decode(ids));
    if (entry.contains("decoded")) {
      EXPECT_EQ(tokenizer.decode(ids), entry["decoded"].get<std::string>());
    }
    if (!entry.contains("text")) // Ids at random, of which no text is the origin.
      continue;
    auto text = entry["text"].get<std::string>();
    // The SentencePiece library does not parse control pieces in the text.
    EncodeOptions options{.addSpecial = false, .parseSpecial = !group.contains("file")};
    EXPECT_EQ(tokenizer.encode(text, options), ids);
    if (group.contains("file"))
      continue;
    auto idsWithSpecial = entry.value("ids_with_special", ids);
    EXPECT_EQ(tokenizer.encode(text), idsWithSpecial);
  }
}
