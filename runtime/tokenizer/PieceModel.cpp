//===- PieceModel.cpp - byte pair encoding by ranked pieces ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/PieceModel.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Regex.h"
#include "runtime/tokenizer/Utf8.h"
#include <cassert>
#include <unordered_map>

using namespace qopt;

/// How the unused pieces of one word came about: the length of the left one of the two that were
/// merged last into a piece.
class PieceModel::Splits {
public:
  void record(int32_t piece, uint32_t leftLength) { leftLengths[piece] = leftLength; }

  /// 0 if `piece` was never merged.
  uint32_t leftLength(int32_t piece) const {
    auto found = leftLengths.find(piece);
    return found == leftLengths.end() ? 0 : found->second;
  }

private:
  std::unordered_map<int32_t, uint32_t> leftLengths;
};

/// The byte that a piece written as <0x0A> stands for, or -1.
static int byteOfPiece(std::string_view text) {
  auto digit = [](char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>' || digit(text[3]) < 0 ||
      digit(text[4]) < 0)
    return -1;
  return digit(text[3]) * 16 + digit(text[4]);
}

PieceModel::PieceModel(std::shared_ptr<const Vocabulary> vocabularyToUse, Pieces piecesToUse,
                       std::string_view source)
    : vocabulary(std::move(vocabularyToUse)), pieces(std::move(piecesToUse)) {
  assert(pieces.types.size() == size_t(vocabulary->size()) &&
         pieces.ranks.size() == pieces.types.size());
  byteTokens.fill(noToken);
  for (int32_t id = 0; id < vocabulary->size(); ++id) {
    std::string_view text = vocabulary->text(id);
    switch (pieces.types[id]) {
    case PieceType::Byte: {
      int byte = byteOfPiece(text);
      if (byte < 0)
        fail("{}: piece {} is a byte piece, but {} is not of the form '<0x0A>'", source, id,
             quote(text));
      byteTokens[byte] = id;
      break;
    }
    case PieceType::Unknown:
      unknown = id;
      break;
    case PieceType::UserDefined:
      userDefined.insert(text, id);
      break;
    case PieceType::Unused:
      hasUnused = true;
      break;
    case PieceType::Normal:
    case PieceType::Control:
      break;
    }
    piecesCrossSpaceMark |= hasInnerSpaceMark(text);
  }
  hasAllBytes = std::find(byteTokens.begin(), byteTokens.end(), noToken) == byteTokens.end();
}

bool PieceModel::isCuttableBeforeSpaceMark() const {
  // Without a piece for the mark, a run of unknown characters may reach over it.
  return !piecesCrossSpaceMark && !hasUnused && !pieces.prefersWholeWords &&
         vocabulary->findInModel(spaceMark) != noToken;
}

void PieceModel::appendUnknown(std::string_view text, std::vector<int32_t> &ids,
                               bool &lastIsUnknown) const {
  if (hasAllBytes) {
    for (char byte : text)
      ids.push_back(byteTokens[static_cast<unsigned char>(byte)]);
    return;
  }
  if (unknown != noToken && !lastIsUnknown)
    ids.push_back(unknown);
  lastIsUnknown = true;
}

void PieceModel::encode(std::string_view word, MergeQueue &queue, std::vector<int32_t> &ids) const {
  if (pieces.prefersWholeWords) {
    if (int32_t id = vocabulary->findInModel(word); id != noToken) {
      ids.push_back(id);
      return;
    }
  }
  queue.clear();
  for (size_t at = 0; at < word.size();) {
    std::string_view rest = word.substr(at);
    auto begin = static_cast<uint32_t>(at);
    if (ByteTrie::Match match = userDefined.longestPrefix(rest); match.value != noToken) {
      queue.push(match.value, begin, static_cast<uint32_t>(match.length), /*isFinal=*/true);
      at += match.length;
      continue;
    }
    size_t length = utf8Length(rest);
    queue.push(vocabulary->findInModel(rest.substr(0, length)), begin,
               static_cast<uint32_t>(length));
    at += length;
  }

  Splits splits;
  queue.mergeAll([&](const Symbol &left, const Symbol &right) {
    int32_t id = vocabulary->findInModel(word.substr(left.begin, left.length + right.length));
    if (id == noToken)
      return Merge();
    if (pieces.types[id] == PieceType::Unused)
      splits.record(id, left.length);
    return Merge{id, pieces.ranks[id]};
  });

  bool lastIsUnknown = false;
  std::vector<ByteRange> unfinished; // A stack: the leftmost part is on top.
  queue.forEach([&](const Symbol &symbol) {
    unfinished.push_back({symbol.begin, symbol.begin + symbol.length});
    while (!unfinished.empty()) {
      auto [begin, end] = unfinished.back();
      unfinished.pop_back();
      std::string_view text = word.substr(begin, end - begin);
      int32_t id = vocabulary->findInModel(text);
      bool isUnused = id != noToken && pieces.types[id] == PieceType::Unused;
      if (uint32_t leftLength = isUnused ? splits.leftLength(id) : 0) {
        unfinished.push_back({begin + leftLength, end});
        unfinished.push_back({begin, begin + leftLength});
      } else if (id == noToken || isUnused) {
        appendUnknown(text, ids, lastIsUnknown);
      } else {
        ids.push_back(id);
        lastIsUnknown = false;
      }
    }
  });
}
