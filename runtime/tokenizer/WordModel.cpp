//===- WordModel.cpp - from words to token ids ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/WordModel.h"

using namespace qopt;

bool qopt::hasInnerSpaceMark(std::string_view token) {
  while (token.starts_with(spaceMark))
    token.remove_prefix(spaceMark.size());
  return token.find(spaceMark) != token.npos;
}
