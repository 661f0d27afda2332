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

static uint64_t hashOf(std::string_view text) { return std::hash<std::string_view>()(text); }

static uint32_t upperHalf(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

Vocabulary::Vocabulary(std::vector<Token> tokensById, std::string_view source)
    : tokens(std::move(tokensById)), slots(std::bit_ceil(tokens.size() * 2 + 1)) {
  if (tokens.size() > size_t(std::numeric_limits<int32_t>::max()))
    fail("{}: {} tokens do not fit 32-bit ids", source, tokens.size());
  for (int32_t id = 0; id < size(); ++id) {
    Slot &slot = slots[slotOf(text(id))];
    if (slot.id != noToken)
      fail("{}: the token {} occurs twice, with ids {} and {}", source, quote(text(id)), slot.id,
           id);
    slot = {upperHalf(hashOf(text(id))), id};
  }
}

/// The index of the slot of a token, or of the empty one where it would go.
size_t Vocabulary::slotOf(std::string_view wanted) const {
  uint64_t hash = hashOf(wanted);
  size_t slot = hash & (slots.size() - 1);
  while (slots[slot].id != noToken &&
         (slots[slot].hash != upperHalf(hash) || text(slots[slot].id) != wanted))
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

int32_t Vocabulary::find(std::string_view wanted) const { return slots[slotOf(wanted)].id; }

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
