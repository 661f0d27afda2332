//===- PreTokenizer.cpp - cutting text into words -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/PreTokenizer.h"

#include <cassert>

using namespace qopt;

const char *qopt::splitPatternOf(std::string_view family) {
  if (family == "gpt-2")
    return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  // The two differ in how many digits make a word.
  if (family == "llama-bpe")
    return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  if (family == "qwen2")
    return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
  return nullptr;
}

void PreTokenizer::addSplit(Pattern pattern, Behavior behavior, bool invert) {
  assert(!byteLevel && "the byte level is the last step");
  steps.push_back(Split{std::move(pattern), behavior, invert});
}

void PreTokenizer::addMetaspace(std::string replacement, PrependScheme scheme, bool split) {
  assert(!byteLevel && "the byte level is the last step");
  steps.push_back(Metaspace{replacement, scheme});
  if (split)
    addSplit(Pattern::literal(std::move(replacement)), Behavior::MergedWithNext);
}

void PreTokenizer::addByteLevel(bool addPrefixSpace, bool useRegex) {
  if (addPrefixSpace)
    steps.push_back(PrefixSpace{});
  if (useRegex)
    addSplit(Pattern::regex(splitPatternOf("gpt-2")), Behavior::Isolated);
  byteLevel = true;
}

namespace {

struct Piece {
  ByteRange range;
  bool isMatch;
};

} // namespace

/// Joins neighbouring pieces as the behavior says.
static std::vector<Piece> join(const std::vector<Piece> &pieces, PreTokenizer::Behavior behavior) {
  using Behavior = PreTokenizer::Behavior;
  std::vector<Piece> joined;
  bool previousIsMatch = false;
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Piece &piece = pieces[i];
    bool extendsPrevious = false;
    if (behavior == Behavior::MergedWithPrevious)
      extendsPrevious = piece.isMatch && !previousIsMatch;
    else if (behavior == Behavior::MergedWithNext)
      extendsPrevious = previousIsMatch && !piece.isMatch;
    else if (behavior == Behavior::Contiguous)
      extendsPrevious = piece.isMatch == previousIsMatch;
    if (extendsPrevious && !joined.empty())
      joined.back().range.end = piece.range.end;
    else if (behavior != Behavior::Removed || !piece.isMatch)
      joined.push_back(piece);
    previousIsMatch = piece.isMatch;
  }
  return joined;
}

void PreTokenizer::split(const Split &step, std::string_view text,
                         std::vector<std::string_view> &out) {
  auto emit = [&](ByteRange range) {
    if (range.begin < range.end)
      out.push_back(text.substr(range.begin, range.end - range.begin));
  };
  size_t done = 0;
  if (step.behavior == Behavior::Isolated) {
    step.pattern.forEachMatch(text, [&](ByteRange match) {
      emit({done, match.begin});
      emit(match);
      done = match.end;
    });
    emit({done, text.size()});
    return;
  }
  std::vector<Piece> pieces;
  auto add = [&](ByteRange range, bool isMatch) {
    if (isMatch || range.begin < range.end)
      pieces.push_back({range, isMatch != step.invert});
  };
  step.pattern.forEachMatch(text, [&](ByteRange match) {
    add({done, match.begin}, false);
    add(match, true);
    done = match.end;
  });
  add({done, text.size()}, false);
  for (const Piece &piece : join(pieces, step.behavior))
    emit(piece.range);
}

void PreTokenizer::run(std::string_view text, bool atStart, std::deque<std::string> &storage,
                       std::vector<std::string_view> &words) const {
  std::vector<std::string_view> current = {text};
  std::vector<std::string_view> next;
  for (const auto &step : steps) {
    next.clear();
    for (size_t i = 0; i < current.size(); ++i) {
      std::string_view piece = current[i];
      if (auto *splitStep = std::get_if<Split>(&step)) {
        split(*splitStep, piece, next);
      } else if (auto *metaspace = std::get_if<Metaspace>(&step)) {
        std::string replaced = Pattern::literal(" ").replaceAll(piece, metaspace->replacement);
        bool prepends = metaspace->scheme == PrependScheme::Always ||
                        (metaspace->scheme == PrependScheme::First && atStart && i == 0);
        if (prepends && !replaced.starts_with(metaspace->replacement))
          replaced.insert(0, metaspace->replacement);
        next.push_back(storage.emplace_back(std::move(replaced)));
      } else if (piece.starts_with(' ')) {
        next.push_back(piece);
      } else {
        next.push_back(storage.emplace_back(" ").append(piece));
      }
    }
    std::swap(current, next);
  }
  words.insert(words.end(), current.begin(), current.end());
}
