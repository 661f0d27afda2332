//===- Vocabulary.cpp - tokens by id and by text --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Vocabulary.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <bit>
#include <functional>
#include <limits>

using namespace qopt;

Vocabulary::Vocabulary(std::vector<Token> tokensById, std::string_view source)
    : tokens(std::move(tokensById)), slots(std::bit_ceil(tokens.size() * 2 + 1), noToken) {
  if (tokens.size() > size_t(std::numeric_limits<int32_t>::max()))
    fail("{}: {} tokens do not fit 32-bit ids", source, tokens.size());
  for (int32_t id = 0; id < size(); ++id) {
    size_t slot = std::hash<std::string_view>()(text(id)) & (slots.size() - 1);
    for (; slots[slot] != noToken; slot = (slot + 1) & (slots.size() - 1))
      if (text(slots[slot]) == text(id))
        fail("{}: the token {} occurs twice, with ids {} and {}", source, quote(text(id)),
             slots[slot], id);
    slots[slot] = id;
  }
}

int32_t Vocabulary::find(std::string_view wanted) const {
  size_t slot = std::hash<std::string_view>()(wanted) & (slots.size() - 1);
  while (slots[slot] != noToken && text(slots[slot]) != wanted)
    slot = (slot + 1) & (slots.size() - 1);
  return slots[slot];
}

int32_t Vocabulary::findInModel(std::string_view wanted) const {
  int32_t id = find(wanted);
  return id != noToken && tokens[id].inModel ? id : noToken;
}

void VocabularyBuilder::add(std::string text, int64_t id, bool inModel) {
  if (id < 0 || id > std::numeric_limits<int32_t>::max())
    fail("{}: the token {} has id {}; ids are 0 to 2147483647", source, quote(text), id);
  entries.push_back({static_cast<int32_t>(id), {std::move(text), inModel}});
}

Vocabulary VocabularyBuilder::build() {
  // As many ids as tokens, all different and below their number: no gap. A large id cannot make
  // this allocate more than the file holds.
  std::vector<const Vocabulary::Token *> byId(entries.size());
  const std::pair<int32_t, Vocabulary::Token> *beyond = nullptr;
  for (const auto &entry : entries) {
    const auto &[id, token] = entry;
    if (size_t(id) >= byId.size()) {
      beyond = &entry;
      continue;
    }
    if (byId[id])
      fail("{}: the tokens {} and {} have the same id {}", source, quote(byId[id]->text),
           quote(token.text), id);
    byId[id] = &token;
  }
  if (beyond) {
    size_t missing = 0;
    while (byId[missing])
      ++missing;
    fail("{}: {} tokens, but the id of {} is {}; ids must have no gaps, and no token has id {}",
         source, entries.size(), quote(beyond->second.text), beyond->first, missing);
  }
  std::vector<Vocabulary::Token> tokens(entries.size());
  for (auto &[id, token] : entries)
    tokens[id] = std::move(token);
  entries.clear();
  return Vocabulary(std::move(tokens), source);
}
