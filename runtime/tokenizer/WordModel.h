//===- WordModel.h - from words to token ids --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_WORDMODEL_H
#define QOPT_RUNTIME_TOKENIZER_WORDMODEL_H

#include "runtime/tokenizer/MergeQueue.h"
#include <cstdint>
#include <string_view>
#include <vector>

namespace qopt {

/// How a word becomes tokens. Immutable; thread-safe.
class WordModel {
public:
  virtual ~WordModel() = default;

  /// Appends the ids of `word` (valid UTF-8, not empty, below 2 GiB). `queue` is working memory.
  virtual void encode(std::string_view word, MergeQueue &queue,
                      std::vector<int32_t> &ids) const = 0;

  /// Whether no token reaches over the start of a "▁" behind another character. If so, text cut
  /// there gives the same ids, and the words repeat themselves.
  virtual bool isCuttableBeforeSpaceMark() const = 0;
};

/// U+2581, which stands for a space in SentencePiece vocabularies.
constexpr std::string_view spaceMark = "\xe2\x96\x81";

/// Whether `token` has a "▁" behind another character.
bool hasInnerSpaceMark(std::string_view token);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_WORDMODEL_H
