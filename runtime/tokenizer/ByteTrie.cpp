//===- ByteTrie.cpp - the longest of many strings at a place --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/ByteTrie.h"

using namespace qopt;

void ByteTrie::insert(std::string_view key, int32_t value) {
  if (key.empty())
    return;
  startsKey[static_cast<unsigned char>(key[0])] = true;
  uint32_t node = 0;
  for (unsigned char byte : key) {
    auto [edge, isNew] = edges.try_emplace({node, byte}, static_cast<uint32_t>(values.size()));
    if (isNew)
      values.push_back(-1);
    node = edge->second;
  }
  values[node] = value;
}

ByteTrie::Match ByteTrie::longestPrefix(std::string_view text) const {
  Match longest;
  if (text.empty() || !startsKey[static_cast<unsigned char>(text[0])])
    return longest;
  uint32_t node = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    auto edge = edges.find({node, static_cast<unsigned char>(text[i])});
    if (edge == edges.end())
      break;
    node = edge->second;
    if (values[node] >= 0)
      longest = {values[node], i + 1};
  }
  return longest;
}
