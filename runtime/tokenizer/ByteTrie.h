//===- ByteTrie.h - the longest of many strings at a place ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_BYTETRIE_H
#define QOPT_RUNTIME_TOKENIZER_BYTETRIE_H

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace qopt {

/// Maps byte strings to non-negative numbers; looks up the longest key that a text starts with.
class ByteTrie {
public:
  struct Match {
    int32_t value = -1; ///< -1: no key.
    size_t length = 0;  ///< In bytes.
  };

  /// An empty key is ignored; of equal keys the last one counts.
  void insert(std::string_view key, int32_t value);

  bool empty() const { return edges.empty(); }

  /// The longest key that `text` starts with.
  Match longestPrefix(std::string_view text) const;

private:
  std::map<std::pair<uint32_t, unsigned char>, uint32_t> edges; ///< From a node, by a byte.
  std::vector<int32_t> values = {-1};                           ///< By node; the root is 0.
  bool startsKey[256] = {};                                     ///< Most texts fail here.
};

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_BYTETRIE_H
