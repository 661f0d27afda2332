//===- TokenizerFamilies.cpp - tokenizers from vocabularies in memory -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/TokenizerFamilies.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/BpeModel.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_set>

using namespace qopt;

static bool isInModel(PieceType type) {
  return type == PieceType::Normal || type == PieceType::UserDefined || type == PieceType::Unused;
}

/// Ranks by score, 0 the best; equal scores have equal ranks, so that the leftmost merge wins.
static std::vector<uint32_t> rankScores(const PieceVocabulary &vocabulary) {
  std::vector<float> scores;
  for (const auto &piece : vocabulary.pieces) {
    if (!std::isfinite(piece.score))
      fail("{}: the score of the piece {} is {}", vocabulary.source, quote(piece.text),
           piece.score);
    scores.push_back(piece.score);
  }
  std::sort(scores.begin(), scores.end(), std::greater<float>());
  scores.erase(std::unique(scores.begin(), scores.end()), scores.end());
  std::vector<uint32_t> ranks;
  for (const auto &piece : vocabulary.pieces)
    ranks.push_back(static_cast<uint32_t>(
        std::lower_bound(scores.begin(), scores.end(), piece.score, std::greater<float>()) -
        scores.begin()));
  return ranks;
}

static Normalizer makePieceNormalizer(const PieceVocabulary &vocabulary) {
  Normalizer normalizer;
  if (vocabulary.removesExtraWhitespace) {
    normalizer.addReplace(Pattern::regex("\\A +"), "");
    normalizer.addReplace(Pattern::regex(" {2,}"), " ");
  }
  if (vocabulary.addsPrefixSpace)
    normalizer.addPrepend(std::string(spaceMark), !vocabulary.prefixesEverySegment);
  normalizer.addReplace(Pattern::literal(" "), std::string(spaceMark));
  // As in SentencePiece, this takes marks that were in the text along. The assertion keeps the
  // search linear.
  if (vocabulary.removesExtraWhitespace)
    normalizer.addReplace(Pattern::regex("(?<!\u2581)\u2581+\\z"), "");
  return normalizer;
}

/// The vocabulary of the pieces and of the added tokens beyond them; `types` and `ranks` grow
/// along.
static std::shared_ptr<const Vocabulary> makePieceVocabulary(const PieceVocabulary &vocabulary,
                                                             PieceModel::Pieces &pieces) {
  VocabularyBuilder builder(vocabulary.source);
  for (size_t id = 0; id < vocabulary.pieces.size(); ++id) {
    const auto &piece = vocabulary.pieces[id];
    if (piece.text.empty() || !isValidUtf8(piece.text))
      fail("{}: piece {} is {}", vocabulary.source, id,
           piece.text.empty() ? "empty" : quote(piece.text) + ", which is not valid UTF-8");
    builder.add(piece.text, static_cast<int64_t>(id), isInModel(piece.type));
    pieces.types.push_back(piece.type);
  }
  pieces.ranks = rankScores(vocabulary);
  for (const AddedToken &token : vocabulary.addedTokens) {
    auto id = static_cast<size_t>(token.id);
    if (id >= vocabulary.pieces.size()) {
      builder.add(token.content, token.id, /*inModel=*/false);
      pieces.types.push_back(PieceType::Control);
      pieces.ranks.push_back(0);
    } else if (vocabulary.pieces[id].text != token.content) {
      fail("{}: the added token {} has the id {}, which is that of the piece {}", vocabulary.source,
           quote(token.content), token.id, quote(vocabulary.pieces[id].text));
    }
  }
  return std::make_shared<const Vocabulary>(builder.build());
}

TokenizerParts qopt::makePieceTokenizer(PieceVocabulary vocabulary) {
  TokenizerParts parts;
  parts.source = vocabulary.source;
  PieceModel::Pieces pieces;
  parts.vocabulary = makePieceVocabulary(vocabulary, pieces);
  parts.normalizer = makePieceNormalizer(vocabulary);
  std::unordered_set<int32_t> alreadyAdded;
  for (const AddedToken &token : vocabulary.addedTokens)
    alreadyAdded.insert(token.id);
  for (size_t i = 0; i < vocabulary.pieces.size(); ++i) {
    const auto &[text, score, type] = vocabulary.pieces[i];
    auto id = static_cast<int32_t>(i);
    if ((type == PieceType::Control || type == PieceType::Unknown) && !alreadyAdded.contains(id))
      vocabulary.addedTokens.push_back({.id = id, .content = text, .special = true});
  }
  parts.addedTokens = AddedTokens(std::move(vocabulary.addedTokens), parts.normalizer);
  parts.model = std::make_unique<PieceModel>(parts.vocabulary, std::move(pieces), parts.source);
  parts.decoder.addReplace(Pattern::literal(std::string(spaceMark)), " ");
  parts.decoder.setAlphabet(TokenDecoder::Alphabet::ByteFallback);
  if (vocabulary.removesExtraWhitespace)
    parts.decoder.setStripStart(" ", std::numeric_limits<size_t>::max());
  else if (vocabulary.addsPrefixSpace)
    parts.decoder.setStripStart(" ", 1);
  return parts;
}

TokenizerParts qopt::makeMergeTokenizer(MergeVocabulary vocabulary) {
  const char *pattern = splitPatternOf(vocabulary.family);
  if (!pattern)
    fail("{}: the pre-tokenizer {} is not supported; gpt-2, llama-bpe and qwen2 are",
         vocabulary.source, quote(vocabulary.family));
  TokenizerParts parts;
  parts.source = vocabulary.source;
  parts.vocabulary = std::make_shared<const Vocabulary>(std::move(vocabulary.vocabulary));
  if (vocabulary.family == "qwen2")
    parts.normalizer.addUnicodeForm(UnicodeForm::Nfc);
  parts.addedTokens = AddedTokens(std::move(vocabulary.addedTokens), parts.normalizer);
  if (vocabulary.family != "gpt-2")
    parts.preTokenizer.addSplit(Pattern::regex(pattern), PreTokenizer::Behavior::Isolated);
  parts.preTokenizer.addByteLevel(vocabulary.addsPrefixSpace,
                                  /*useRegex=*/vocabulary.family == "gpt-2");
  BpeModel::Options options;
  options.ignoreMerges = vocabulary.family == "llama-bpe";
  auto model = std::make_unique<BpeModel>(parts.vocabulary, options, parts.source);
  model->reserveMerges(vocabulary.merges.size());
  for (const auto &[left, right] : vocabulary.merges)
    model->addMerge(left, right);
  parts.model = std::move(model);
  parts.decoder.setAlphabet(TokenDecoder::Alphabet::ByteLevel);
  return parts;
}
