//===- MergeQueue.h - merging neighbours, best first ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_MERGEQUEUE_H
#define QOPT_RUNTIME_TOKENIZER_MERGEQUEUE_H

#include "runtime/tokenizer/Vocabulary.h"
#include <algorithm>
#include <cstdint>
#include <vector>

namespace qopt {

/// A part of a word that is, or may become, one token.
struct Symbol {
  int32_t id;       ///< noToken if this text is no token (yet).
  uint32_t begin;   ///< In bytes of the word.
  uint32_t length;  ///< 0 once merged into the symbol before.
  int32_t previous; ///< Index of the neighbour, or -1.
  int32_t next;     ///< Likewise.
  bool isFinal;     ///< Never merged.
};

/// What two neighbours become, and how soon: smaller ranks first.
struct Merge {
  int32_t id = noToken; ///< noToken: they stay apart.
  uint32_t rank = 0;
};

/// Merges the neighbouring symbols of a word until no merge applies: always the one of the
/// smallest rank, of equal ones the leftmost. O(n log n) in the number of symbols.
class MergeQueue {
public:
  void clear() { symbols.clear(); }

  /// Adds a symbol at the end of the word.
  void push(int32_t id, uint32_t begin, uint32_t length, bool isFinal = false) {
    auto index = static_cast<int32_t>(symbols.size());
    if (index > 0)
      symbols.back().next = index;
    symbols.push_back({id, begin, length, index - 1, -1, isFinal});
  }

  /// `findMerge(left, right)` gives the Merge of two symbols.
  template <typename FindMerge> void mergeAll(FindMerge findMerge) {
    candidates.clear();
    auto propose = [&](int32_t left, int32_t right) {
      if (left < 0 || right < 0 || symbols[left].isFinal || symbols[right].isFinal)
        return false;
      Merge merge = findMerge(symbols[left], symbols[right]);
      if (merge.id == noToken)
        return false;
      candidates.push_back(
          {merge.rank, left, symbols[left].length + symbols[right].length, merge.id});
      return true;
    };
    for (size_t i = 1; i < symbols.size(); ++i)
      propose(static_cast<int32_t>(i - 1), static_cast<int32_t>(i));
    std::make_heap(candidates.begin(), candidates.end());
    auto proposeLater = [&](int32_t left, int32_t right) {
      if (propose(left, right))
        std::push_heap(candidates.begin(), candidates.end());
    };
    while (!candidates.empty()) {
      std::pop_heap(candidates.begin(), candidates.end());
      Candidate best = candidates.back();
      candidates.pop_back();
      Symbol &left = symbols[best.left];
      // Either of the two may have grown or gone since.
      if (left.length == 0 || left.next < 0 ||
          left.length + symbols[left.next].length != best.length)
        continue;
      Symbol &right = symbols[left.next];
      left.id = best.id;
      left.length = best.length;
      right.length = 0;
      left.next = right.next;
      if (left.next >= 0)
        symbols[left.next].previous = best.left;
      proposeLater(left.previous, best.left);
      proposeLater(best.left, left.next);
    }
  }

  /// Calls `visit` with the symbols that remain, in order.
  template <typename Visitor> void forEach(Visitor visit) const {
    for (int32_t i = symbols.empty() ? -1 : 0; i >= 0; i = symbols[i].next)
      visit(symbols[i]);
  }

private:
  struct Candidate {
    uint32_t rank;
    int32_t left;
    uint32_t length;
    int32_t id;

    /// The standard heap has the largest element on top.
    bool operator<(const Candidate &other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  std::vector<Symbol> symbols;
  std::vector<Candidate> candidates;
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_MERGEQUEUE_H
