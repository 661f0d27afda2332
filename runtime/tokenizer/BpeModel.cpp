//===- BpeModel.cpp - byte pair encoding by a list of merges --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/BpeModel.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Utf8.h"
#include <bit>

using namespace qopt;

BpeModel::BpeModel(std::shared_ptr<const Vocabulary> vocabularyToUse, const Options &options,
                   std::string source)
    : vocabulary(std::move(vocabularyToUse)), options(options), source(std::move(source)) {
  for (int byte = 0; byte < 256; ++byte)
    byteTokens[byte] = vocabulary->findInModel(fmt::format("<0x{:02X}>", byte));
  reserveMerges(0);
}

size_t BpeModel::slotOf(uint64_t pair) const {
  uint64_t hash = pair * 0x9e3779b97f4a7c15u;
  size_t slot = (hash ^ hash >> 32) & (slots.size() - 1);
  while (slots[slot].merge.id != noToken && slots[slot].pair != pair)
    slot = (slot + 1) & (slots.size() - 1);
  return slot;
}

void BpeModel::reserveMerges(size_t count) {
  std::vector<Slot> old(std::bit_ceil(count * 2 + 16));
  std::swap(slots, old);
  for (const Slot &slot : old)
    if (slot.merge.id != noToken)
      slots[slotOf(slot.pair)] = slot;
}

int32_t BpeModel::requireToken(std::string_view text, std::string_view left,
                               std::string_view right) const {
  int32_t id = vocabulary->findInModel(text);
  if (id == noToken)
    fail("{}: merge {} of {} and {} needs the token {}, which is not in the vocabulary", source,
         mergeCount, quote(left), quote(right), quote(text));
  return id;
}

static uint64_t pairOf(int32_t left, int32_t right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

void BpeModel::addMerge(std::string_view left, std::string_view right) {
  if (usedSlots * 2 >= slots.size())
    reserveMerges(usedSlots * 2);
  std::string merged = std::string(left) + std::string(right);
  int32_t id = requireToken(merged, left, right);
  uint64_t pair = pairOf(requireToken(left, left, right), requireToken(right, left, right));
  Slot &slot = slots[slotOf(pair)];
  usedSlots += slot.merge.id == noToken;
  slot = {pair, {id, mergeCount++}}; // Of a merge that occurs twice, the later rank counts.
  mergesAcrossSpaceMark |= hasInnerSpaceMark(merged);
}

bool BpeModel::isCuttableBeforeSpaceMark() const {
  // Without a token for the mark, a run of unknown characters may reach over it.
  return !mergesAcrossSpaceMark && !options.ignoreMerges &&
         vocabulary->findInModel(spaceMark) != noToken;
}

/// Pushes the symbols of one character. Unknown characters wait in `pendingUnknown` (length 0:
/// none) for the next known one, so that a run of them can be fused.
void BpeModel::pushCharacter(std::string_view character, uint32_t begin, MergeQueue &queue,
                             Symbol &pendingUnknown) const {
  auto length = static_cast<uint32_t>(character.size());
  auto flushUnknown = [&] {
    if (pendingUnknown.length > 0)
      queue.push(options.unknown, pendingUnknown.begin, pendingUnknown.length);
    pendingUnknown.length = 0;
  };
  if (int32_t id = vocabulary->findInModel(character); id != noToken) {
    flushUnknown();
    queue.push(id, begin, length);
    return;
  }
  if (options.byteFallback) {
    auto tokenOf = [&](char byte) { return byteTokens[static_cast<unsigned char>(byte)]; };
    bool hasAll = std::all_of(character.begin(), character.end(),
                              [&](char byte) { return tokenOf(byte) != noToken; });
    if (hasAll) {
      for (uint32_t i = 0; i < length; ++i)
        queue.push(tokenOf(character[i]), begin + i, 1);
      return;
    }
  }
  if (options.unknown == noToken)
    return;
  if (!options.fuseUnknown)
    flushUnknown();
  if (pendingUnknown.length == 0)
    pendingUnknown.begin = begin;
  pendingUnknown.length += length;
}

void BpeModel::encode(std::string_view word, MergeQueue &queue, std::vector<int32_t> &ids) const {
  if (options.ignoreMerges) {
    if (int32_t id = vocabulary->findInModel(word); id != noToken) {
      ids.push_back(id);
      return;
    }
  }
  queue.clear();
  Symbol pendingUnknown = {};
  for (size_t at = 0; at < word.size();) {
    std::string_view character = word.substr(at, utf8Length(word.substr(at)));
    pushCharacter(character, static_cast<uint32_t>(at), queue, pendingUnknown);
    at += character.size();
  }
  if (pendingUnknown.length > 0)
    queue.push(options.unknown, pendingUnknown.begin, pendingUnknown.length);
  queue.mergeAll([&](const Symbol &left, const Symbol &right) {
    return slots[slotOf(pairOf(left.id, right.id))].merge;
  });
  queue.forEach([&](const Symbol &symbol) { ids.push_back(symbol.id); });
}
