//===- Tokenizer.cpp - text to token ids and back -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Tokenizer.h"

#include "runtime/formats/Error.h"
#include "runtime/tokenizer/ByteAlphabet.h"
#include "runtime/tokenizer/StreamDecoder.h"
#include "runtime/tokenizer/Utf8.h"
#include <cassert>
#include <deque>
#include <unordered_map>

using namespace qopt;

Tokenizer::Tokenizer(TokenizerParts partsToUse)
    : parts(std::move(partsToUse)), cutsBeforeSpaceMark(!parts.preTokenizer.isByteLevel() &&
                                                        parts.model->isCuttableBeforeSpaceMark()) {}

/// The state of one encode().
struct Tokenizer::Encoding {
  std::vector<int32_t> ids;
  std::deque<std::string> storage; ///< Texts that words are parts of.
  MergeQueue queue;
  std::string inByteAlphabet; ///< Working memory.

  /// Where the ids of a word begin that occurred before, and how many they are.
  struct Known {
    size_t begin;
    size_t count;
  };
  std::unordered_map<std::string_view, Known> known;
};

/// Longer words hardly ever occur again.
static constexpr size_t maxKnownWord = 64;

void Tokenizer::encodeWord(std::string_view word, Encoding &state) const {
  bool remembers = word.size() <= maxKnownWord;
  if (remembers) {
    if (auto found = state.known.find(word); found != state.known.end()) {
      auto [begin, count] = found->second;
      for (size_t i = 0; i < count; ++i)
        state.ids.push_back(state.ids[begin + i]);
      return;
    }
  }
  size_t begin = state.ids.size();
  std::string_view letters = word;
  if (parts.preTokenizer.isByteLevel()) {
    state.inByteAlphabet.clear();
    appendInByteAlphabet(word, state.inByteAlphabet);
    letters = state.inByteAlphabet;
  }
  parts.model->encode(letters, state.queue, state.ids);
  if (remembers)
    state.known.emplace(word, Encoding::Known{begin, state.ids.size() - begin});
}

/// The end of the part of `text` before the first "▁" behind another character.
static size_t endBeforeSpaceMark(std::string_view text) {
  size_t leading = 0;
  while (text.substr(leading).starts_with(spaceMark))
    leading += spaceMark.size();
  return std::min(text.find(spaceMark, leading), text.size());
}

void Tokenizer::encodeText(std::string_view text, bool atStart, bool parseSpecial,
                           Encoding &state) const {
  std::string_view normalized = state.storage.emplace_back(parts.normalizer.apply(text, atStart));
  for (const AddedTokens::Segment &segment :
       parts.addedTokens.split(normalized, AddedTokens::Stage::Normalized, parseSpecial)) {
    if (segment.id != noToken) {
      state.ids.push_back(segment.id);
      continue;
    }
    auto [begin, end] = segment.range;
    std::vector<std::string_view> words;
    parts.preTokenizer.run(normalized.substr(begin, end - begin), atStart && begin == 0,
                           state.storage, words);
    for (std::string_view word : words) {
      while (cutsBeforeSpaceMark && !word.empty()) {
        size_t cut = endBeforeSpaceMark(word);
        encodeWord(word.substr(0, cut), state);
        word.remove_prefix(cut);
      }
      if (!word.empty())
        encodeWord(word, state);
    }
  }
}

std::vector<int32_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  constexpr size_t maxBytes = size_t(1) << 30;
  if (text.size() >= maxBytes)
    fail("a text of {} bytes is too long to encode at once; the limit is {}", text.size(),
         maxBytes - 1);
  std::string repaired;
  if (!isValidUtf8(text)) {
    std::string pending(text);
    drainUtf8(pending, /*isFinal=*/true, InvalidBytes::OnePerUnit, repaired);
    text = repaired;
  }
  Encoding state;
  if (options.addSpecial)
    state.ids = parts.prefix;
  for (const AddedTokens::Segment &segment :
       parts.addedTokens.split(text, AddedTokens::Stage::Original, options.parseSpecial)) {
    auto [begin, end] = segment.range;
    if (segment.id != noToken)
      state.ids.push_back(segment.id);
    else
      encodeText(text.substr(begin, end - begin), begin == 0, options.parseSpecial, state);
  }
  if (options.addSpecial)
    state.ids.insert(state.ids.end(), parts.suffix.begin(), parts.suffix.end());
  return std::move(state.ids);
}

std::string Tokenizer::decode(std::span<const int32_t> ids, DecodeOptions options) const {
  StreamDecoder stream(*this, options);
  std::string text;
  for (int32_t id : ids)
    text += stream.feed(id);
  return text + stream.finish();
}

void Tokenizer::checkFits(int64_t rows) const {
  if (vocabSize() > rows)
    fail("{}: the tokenizer has {} tokens but the embedding has {} rows", source(), vocabSize(),
         rows);
}
