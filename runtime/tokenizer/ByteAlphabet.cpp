//===- ByteAlphabet.cpp - bytes written as printable characters -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/ByteAlphabet.h"

#include "runtime/tokenizer/Utf8.h"
#include <array>

using namespace qopt;

namespace {

constexpr size_t alphabetEnd = 0x144; ///< 256 characters below this one.
constexpr int noByte = -1;

struct Tables {
  std::array<std::string, 256> characterOf;
  std::array<int, alphabetEnd> byteOf;

  Tables() {
    byteOf.fill(noByte);
    char32_t next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
      bool isPrintable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
      char32_t character = isPrintable ? char32_t(byte) : next++;
      appendUtf8(character, characterOf[byte]);
      byteOf[character] = byte;
    }
  }
};

} // namespace

static const Tables &tables() {
  static const Tables instance;
  return instance;
}

void qopt::appendInByteAlphabet(std::string_view bytes, std::string &out) {
  const Tables &alphabet = tables();
  for (char byte : bytes)
    out += alphabet.characterOf[static_cast<unsigned char>(byte)];
}

void qopt::appendFromByteAlphabet(std::string_view text, std::string &out) {
  const Tables &alphabet = tables();
  size_t sizeBefore = out.size();
  for (std::string_view rest = text; !rest.empty(); rest.remove_prefix(utf8Length(rest))) {
    char32_t character = utf8CodePoint(rest);
    if (character >= alphabetEnd || alphabet.byteOf[character] == noByte) {
      out.resize(sizeBefore);
      out.append(text);
      return;
    }
    out.push_back(static_cast<char>(alphabet.byteOf[character]));
  }
}
