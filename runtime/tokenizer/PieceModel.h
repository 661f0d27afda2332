//===- PieceModel.h - byte pair encoding by ranked pieces -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_PIECEMODEL_H
#define QOPT_RUNTIME_TOKENIZER_PIECEMODEL_H

#include "runtime/tokenizer/ByteTrie.h"
#include "runtime/tokenizer/WordModel.h"
#include <array>
#include <memory>
#include <string>

namespace qopt {

/// What a piece of a SentencePiece model is for; the numbers are those of its files and of GGUF.
enum class PieceType {
  Normal = 1,
  Unknown = 2,     ///< Stands for characters that are no piece.
  Control = 3,     ///< Never found in text.
  UserDefined = 4, ///< Always found in text, and never merged.
  Unused = 5,      ///< Takes part in merging; is taken apart again, or unknown, at the end.
  Byte = 6,        ///< <0x00> to <0xFF>.
};

/// The BPE of SentencePiece and of tiktoken: neighbours are merged whenever their concatenation is
/// a piece, pieces of smaller rank first.
class PieceModel : public WordModel {
public:
  /// Types and ranks are by id. Only normal, user-defined and unused pieces may be `inModel`.
  struct Pieces {
    std::vector<PieceType> types;
    std::vector<uint32_t> ranks;
    /// As tiktoken does: a word that is a piece is never taken apart.
    bool prefersWholeWords = false;
  };

  /// Throws an Error that starts with `source` if a byte piece is not written as <0x00>.
  PieceModel(std::shared_ptr<const Vocabulary> vocabulary, Pieces pieces, std::string_view source);

  void encode(std::string_view word, MergeQueue &queue, std::vector<int32_t> &ids) const override;
  bool isCuttableBeforeSpaceMark() const override;

private:
  class Splits;

  void appendUnknown(std::string_view text, std::vector<int32_t> &ids, bool &lastIsUnknown) const;

  std::shared_ptr<const Vocabulary> vocabulary;
  Pieces pieces;
  std::array<int32_t, 256> byteTokens;
  bool hasAllBytes;
  int32_t unknown = noToken;
  bool hasUnused = false;
  bool piecesCrossSpaceMark = false;
  ByteTrie userDefined;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_PIECEMODEL_H
