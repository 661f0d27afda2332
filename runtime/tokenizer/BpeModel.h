//===- BpeModel.h - byte pair encoding by a list of merges ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_BPEMODEL_H
#define QOPT_RUNTIME_TOKENIZER_BPEMODEL_H

#include "runtime/tokenizer/WordModel.h"
#include <array>
#include <memory>
#include <string>

namespace qopt {

/// The "BPE" model of HF tokenizers: characters are merged pair by pair, in the order of a list.
class BpeModel : public WordModel {
public:
  struct Options {
    int32_t unknown = noToken; ///< Stands for characters that are no token.
    bool fuseUnknown = false;  ///< One for a run of them.
    bool byteFallback = false; ///< Tokens <0x00> to <0xFF> stand for their bytes instead.
    bool ignoreMerges = false; ///< A word that is a token is never taken apart.
  };

  /// `source` starts the messages of errors in the merges.
  BpeModel(std::shared_ptr<const Vocabulary> vocabulary, const Options &options,
           std::string source);

  /// Makes room for this many merges.
  void reserveMerges(size_t count);

  /// Adds the next merge of the list. Throws an Error that names the merge if one of the two or
  /// their concatenation is no token.
  void addMerge(std::string_view left, std::string_view right);

  void encode(std::string_view word, MergeQueue &queue, std::vector<int32_t> &ids) const override;
  bool isCuttableBeforeSpaceMark() const override;

private:
  struct Slot {
    uint64_t pair; ///< The left id in the upper half, the right one in the lower.
    Merge merge;   ///< merge.id is noToken in an empty slot.
  };

  size_t slotOf(uint64_t pair) const;
  int32_t requireToken(std::string_view text, std::string_view left, std::string_view right) const;
  void pushCharacter(std::string_view character, uint32_t begin, MergeQueue &queue,
                     Symbol &pendingUnknown) const;

  std::shared_ptr<const Vocabulary> vocabulary;
  Options options;
  std::string source;
  std::array<int32_t, 256> byteTokens;
  std::vector<Slot> slots; ///< A hash table with linear probing; its size is a power of two.
  uint32_t mergeCount = 0;
  size_t usedSlots = 0;
  bool mergesAcrossSpaceMark = false;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_BPEMODEL_H
