//===- TokenizerFamilies.h - vocabularies in memory -------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_TOKENIZERFAMILIES_H
#define QOPT_RUNTIME_TOKENIZER_TOKENIZERFAMILIES_H

#include "runtime/tokenizer/PieceModel.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <string>
#include <utility>
#include <vector>

namespace qopt {

// The two families that vocabularies without a pipeline description belong to. The results have
// neither BOS nor EOS: the caller sets these and the prefix.

/// A SentencePiece BPE vocabulary, as in tokenizer.model or GGUF's "llama".
struct PieceVocabulary {
  struct Piece {
    std::string text; ///< "▁" for a space.
    float score;      ///< Higher ones are merged first.
    PieceType type;
  };
  std::string source;        ///< For error messages.
  std::vector<Piece> pieces; ///< By id.
  /// Beyond the pieces, or pieces that are found in the text before it is cut. Control pieces and
  /// the unknown piece are added by themselves.
  std::vector<AddedToken> addedTokens;
  bool addsPrefixSpace = true;         ///< A space before the text,
  bool prefixesEverySegment = true;    ///< and after each added token in it.
  bool removesExtraWhitespace = false; ///< At the ends, and all but one in between.
};

/// Throws an Error that names the piece if a text is empty, twice there or no valid UTF-8, or a
/// score is no number.
TokenizerParts makePieceTokenizer(PieceVocabulary vocabulary);

/// A byte-level BPE vocabulary with merges, as in vocab.json or GGUF's "gpt2".
struct MergeVocabulary {
  std::string source; ///< For error messages.
  Vocabulary vocabulary;
  std::vector<std::pair<std::string, std::string>> merges; ///< In the byte alphabet, first first.
  std::vector<AddedToken> addedTokens;                     ///< With ids in the vocabulary.
  std::string family; ///< "gpt-2", "llama-bpe" or "qwen2": how text is normalized and cut.
  bool addsPrefixSpace = false; ///< Before the text and after each added token in it.
};

/// Throws an Error that names the merge if it needs a token that is not there.
TokenizerParts makeMergeTokenizer(MergeVocabulary vocabulary);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_TOKENIZERFAMILIES_H
