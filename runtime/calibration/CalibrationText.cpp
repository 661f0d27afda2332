//===- CalibrationText.cpp - as much of a text as is needed ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/CalibrationText.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <algorithm>

using namespace qopt;

/// Bytes that are encoded at a time, and then on to the end of the line, if that is near.
static constexpr size_t pieceBytes = 1 << 16;

/// Where a piece of `text` that begins at `begin` ends.
static size_t pieceEnd(std::string_view text, size_t begin) {
  size_t end = std::min(begin + pieceBytes, text.size());
  if (end == text.size())
    return end;
  if (const size_t newline = text.find('\n', end); newline < end + pieceBytes)
    return newline + 1;
  while (end < text.size() && (uint8_t(text[end]) & 0xc0) == 0x80) // not amid a character
    ++end;
  return end;
}

std::vector<int32_t> qopt::encodeBeginning(const std::string &path, const Tokenizer &tokenizer,
                                           int64_t count) {
  const MappedFile file(path);
  const std::string_view text(reinterpret_cast<const char *>(file.bytes().data()),
                              file.bytes().size());
  std::vector<int32_t> tokens;
  if (tokenizer.addsBos())
    tokens.push_back(*tokenizer.bosId());
  for (size_t begin = 0; begin < text.size() && int64_t(tokens.size()) < count;) {
    const size_t end = pieceEnd(text, begin);
    const std::vector<int32_t> piece = tokenizer.encode(
        text.substr(begin, end - begin), {.addSpecial = false, .parseSpecial = false});
    tokens.insert(tokens.end(), piece.begin(), piece.end());
    begin = end;
  }
  tokens.resize(std::min(tokens.size(), size_t(count)));
  return tokens;
}

std::vector<std::vector<int32_t>> qopt::cutWindows(const std::vector<int32_t> &tokens,
                                                   const Tokenizer &tokenizer, int64_t ctx) {
  std::vector<std::vector<int32_t>> windows;
  for (size_t begin = 0; begin < tokens.size(); begin += size_t(ctx)) {
    const size_t end = std::min(begin + size_t(ctx), tokens.size());
    windows.emplace_back(tokens.begin() + int64_t(begin), tokens.begin() + int64_t(end));
    if (tokenizer.addsBos())
      windows.back().front() = *tokenizer.bosId();
  }
  return windows;
}
