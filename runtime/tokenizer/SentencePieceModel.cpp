//===- SentencePieceModel.cpp - tokenizer.model of SentencePiece ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/ProtobufReader.h"
#include "runtime/tokenizer/TokenizerFamilies.h"
#include "runtime/tokenizer/TokenizerFiles.h"

using namespace qopt;

namespace {

// Field numbers of sentencepiece_model.proto.
enum ModelField : uint32_t { modelPieces = 1, modelTrainer = 2, modelNormalizer = 3 };
enum PieceField : uint32_t { pieceText = 1, pieceScore = 2, pieceTypeField = 3 };
enum TrainerField : uint32_t {
  trainerModelType = 3,
  trainerSpaceIsSuffix = 24,
  trainerBosPiece = 46,
  trainerEosPiece = 47
};
enum NormalizerField : uint32_t {
  normalizerName = 1,
  normalizerCharsMap = 2,
  normalizerAddPrefix = 3,
  normalizerRemoveExtra = 4,
  normalizerEscape = 5
};

/// What of a model's settings matters here, with the defaults of the format.
struct Settings {
  uint64_t modelType = 1;
  bool spaceIsSuffix = false;
  std::string bosPiece = "<s>";
  std::string eosPiece = "</s>";
  std::string normalizer;
  bool hasCharsMap = false;
  bool addPrefix = true;
  bool removeExtra = true;
  bool escape = true;
};

} // namespace

static PieceVocabulary::Piece parsePiece(std::string_view message, size_t index,
                                         const std::string &path) {
  PieceVocabulary::Piece piece{"", 0, PieceType::Normal};
  ProtobufReader reader(message, path);
  while (reader.next()) {
    if (reader.number() == pieceText)
      piece.text = reader.bytes();
    else if (reader.number() == pieceScore)
      piece.score = reader.floatingPoint();
    else if (reader.number() == pieceTypeField) {
      uint64_t type = reader.integer();
      if (type < 1 || type > 6)
        fail("{}: piece {} has type {}; 1 to 6 are known", path, index, type);
      piece.type = static_cast<PieceType>(type);
    }
  }
  return piece;
}

static void parseTrainer(std::string_view message, const std::string &path, Settings &settings) {
  ProtobufReader reader(message, path);
  while (reader.next()) {
    if (reader.number() == trainerModelType)
      settings.modelType = reader.integer();
    else if (reader.number() == trainerSpaceIsSuffix)
      settings.spaceIsSuffix = reader.integer() != 0;
    else if (reader.number() == trainerBosPiece)
      settings.bosPiece = reader.bytes();
    else if (reader.number() == trainerEosPiece)
      settings.eosPiece = reader.bytes();
  }
}

static void parseNormalizerSettings(std::string_view message, const std::string &path,
                                    Settings &settings) {
  ProtobufReader reader(message, path);
  while (reader.next()) {
    if (reader.number() == normalizerName)
      settings.normalizer = reader.bytes();
    else if (reader.number() == normalizerCharsMap)
      settings.hasCharsMap = !reader.bytes().empty();
    else if (reader.number() == normalizerAddPrefix)
      settings.addPrefix = reader.integer() != 0;
    else if (reader.number() == normalizerRemoveExtra)
      settings.removeExtra = reader.integer() != 0;
    else if (reader.number() == normalizerEscape)
      settings.escape = reader.integer() != 0;
  }
}

static void checkSupported(const Settings &settings, const std::string &path) {
  constexpr std::string_view names[] = {"unigram", "BPE", "word", "char"};
  if (settings.modelType < 1 || settings.modelType > 4)
    fail("{}: model type {} is unknown; BPE (2) is supported", path, settings.modelType);
  if (settings.modelType != 2)
    fail("{}: a SentencePiece model of type {}; only BPE is supported", path,
         names[settings.modelType - 1]);
  if (settings.hasCharsMap)
    fail("{}: the normalization rule {} is not supported; identity is", path,
         quote(settings.normalizer));
  if (settings.spaceIsSuffix)
    fail("{}: 'treat_whitespace_as_suffix' is not supported", path);
  if (!settings.escape)
    fail("{}: 'escape_whitespaces' is off, which is not supported", path);
}

TokenizerParts qopt::parseSentencePieceModel(std::string_view bytes, const std::string &path,
                                             const TokenizerConfig &config) {
  PieceVocabulary vocabulary;
  vocabulary.source = path;
  Settings settings;
  ProtobufReader reader(bytes, path);
  while (reader.next()) {
    if (reader.number() == modelPieces)
      vocabulary.pieces.push_back(parsePiece(reader.bytes(), vocabulary.pieces.size(), path));
    else if (reader.number() == modelTrainer)
      parseTrainer(reader.bytes(), path, settings);
    else if (reader.number() == modelNormalizer)
      parseNormalizerSettings(reader.bytes(), path, settings);
  }
  if (vocabulary.pieces.empty())
    fail("{}: a SentencePiece model without pieces", path);
  checkSupported(settings, path);
  vocabulary.addedTokens = config.addedTokens;
  vocabulary.addsPrefixSpace = config.addPrefixSpace.value_or(settings.addPrefix);
  vocabulary.prefixesEverySegment = config.legacy.value_or(true);
  vocabulary.removesExtraWhitespace = settings.removeExtra;
  TokenizerParts parts = makePieceTokenizer(std::move(vocabulary));

  auto findSpecial = [&](const std::string &name) -> std::optional<int32_t> {
    int32_t id = parts.vocabulary->find(name);
    return id != noToken && parts.addedTokens.isSpecial(id) ? std::optional(id) : std::nullopt;
  };
  parts.bos = findSpecial(settings.bosPiece);
  parts.eos = findSpecial(settings.eosPiece);
  // Llama's tokenizers, which these models belong to, start with BOS unless told otherwise.
  TokenizerConfig effective = config;
  effective.addBos = config.addBos.value_or(parts.bos.has_value());
  applySpecialTokens(effective, parts);
  return parts;
}
