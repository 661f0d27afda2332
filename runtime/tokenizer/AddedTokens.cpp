//===- AddedTokens.cpp - tokens found before the text is split ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/AddedTokens.h"

#include "runtime/tokenizer/Normalizer.h"
#include "runtime/tokenizer/Utf8.h"
#include "runtime/tokenizer/Vocabulary.h"
#include <algorithm>

using namespace qopt;

AddedTokens::AddedTokens(std::vector<AddedToken> added, const Normalizer &normalizer)
    : tokens(std::move(added)) {
  for (size_t i = 0; i < tokens.size(); ++i) {
    const AddedToken &token = tokens[i];
    indexOfId[token.id] = i;
    auto value = static_cast<int32_t>(i);
    if (token.normalized)
      normalizedTrie.insert(normalizer.apply(token.content, /*atStart=*/true), value);
    else
      originalTrie.insert(token.content, value);
    if (token.singleWord && !wordCharacter)
      wordCharacter.emplace("[\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}]");
  }
}

/// The start of the character that ends before `end`.
static size_t previousCharacter(std::string_view text, size_t end) {
  do
    --end;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80);
  return end;
}

static size_t skipSpaceBackward(std::string_view text, size_t end, size_t limit) {
  while (end > limit) {
    size_t begin = previousCharacter(text, end);
    if (begin < limit || !isWhiteSpace(utf8CodePoint(text.substr(begin))))
      break;
    end = begin;
  }
  return end;
}

static size_t skipSpaceForward(std::string_view text, size_t begin) {
  while (begin < text.size() && isWhiteSpace(utf8CodePoint(text.substr(begin))))
    begin += utf8Length(text.substr(begin));
  return begin;
}

bool AddedTokens::isWithinWord(std::string_view text, ByteRange range) const {
  auto isWord = [&](size_t at) {
    std::string_view rest = text.substr(at);
    return RegexMatches(*wordCharacter, rest.substr(0, utf8Length(rest))).next().has_value();
  };
  return (range.begin > 0 && isWord(previousCharacter(text, range.begin))) ||
         (range.end < text.size() && isWord(range.end));
}

std::vector<AddedTokens::Segment> AddedTokens::split(std::string_view text, Stage stage,
                                                     bool parseSpecial) const {
  const ByteTrie &trie = stage == Stage::Original ? originalTrie : normalizedTrie;
  std::vector<Segment> segments;
  size_t done = 0;
  auto addText = [&](size_t end) {
    if (done < end)
      segments.push_back({{done, end}, noToken});
  };
  size_t at = 0;
  while (!trie.empty() && at < text.size()) {
    ByteTrie::Match match = trie.longestPrefix(text.substr(at));
    if (match.value < 0) {
      ++at;
      continue;
    }
    ByteRange range{at, at + match.length};
    at = range.end; // A rejected match is skipped whole, as HF tokenizers do.
    const AddedToken &token = tokens[match.value];
    if ((token.special && !parseSpecial) || (token.singleWord && isWithinWord(text, range)))
      continue;
    if (token.lstrip)
      range.begin = skipSpaceBackward(text, range.begin, done);
    if (token.rstrip)
      range.end = skipSpaceForward(text, range.end);
    addText(range.begin);
    segments.push_back({range, token.id});
    done = range.end;
  }
  addText(text.size());
  return segments;
}

bool AddedTokens::isSpecial(int32_t id) const {
  auto found = indexOfId.find(id);
  return found != indexOfId.end() && tokens[found->second].special;
}
