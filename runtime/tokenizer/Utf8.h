//===- Utf8.h - UTF-8, valid and broken -------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_TOKENIZER_UTF8_H
#define QOPT_RUNTIME_TOKENIZER_UTF8_H

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qopt {

/// What a byte string starts with.
struct Utf8Unit {
  enum Kind {
    Valid,      ///< One character.
    Invalid,    ///< Bytes that are no character, whatever follows.
    Incomplete, ///< The text ends inside what may be a character.
  };
  Kind kind;
  size_t length; ///< In bytes, at least 1.
};

/// How many U+FFFD stand for bytes that are no character.
enum class InvalidBytes {
  OnePerUnit, ///< One for each maximal part of a character, as in Python, Rust and browsers.
  OnePerByte, ///< One for each byte, as in SentencePiece.
};

/// The first unit of `text`, which must not be empty.
Utf8Unit firstUtf8Unit(std::string_view text);

/// The length in bytes of the character at the start of valid, non-empty UTF-8.
inline size_t utf8Length(std::string_view valid) {
  auto lead = static_cast<unsigned char>(valid[0]);
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/// The code point of the character at the start of valid, non-empty UTF-8.
char32_t utf8CodePoint(std::string_view valid);

/// Appends the encoding of a code point up to U+10FFFF.
void appendUtf8(char32_t codePoint, std::string &out);

bool isValidUtf8(std::string_view text);

/// Moves the characters at the start of `pending` to the end of `out`, invalid bytes as U+FFFD.
/// Leaves an incomplete character in `pending`, unless `isFinal`.
void drainUtf8(std::string &pending, bool isFinal, InvalidBytes mode, std::string &out);

/// Unicode's White_Space property.
bool isWhiteSpace(char32_t codePoint);

} // namespace qopt

#endif // QOPT_RUNTIME_TOKENIZER_UTF8_H
