//===- Lexer.h - PTX text to tokens -----------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_LEXER_H
#define QOPT_RUNTIME_EMULATOR_PTX_LEXER_H

#include <cstdint>
#include <string_view>
#include <vector>

namespace qopt::emulator {

struct Token {
  enum class Kind : uint8_t {
    Word,        ///< names, directives and opcodes: `%r1`, `.reg`, `ld.global.v4.b32`
    Integer,     ///< `value` is its two's complement
    FloatBits,   ///< `0f3F800000`; `value` holds the 32 bits
    DoubleBits,  ///< `0d3FF0000000000000`; `value` holds the 64 bits
    Decimal,     ///< `1.5`; `value` holds the bits of the double
    String,      ///< `text` includes the quotes
    Punctuation, ///< one character
    End,
  };
  Kind kind = Kind::End;
  uint32_t line = 0;
  std::string_view text; ///< a part of the source
  uint64_t value = 0;
};

/// The tokens of `source`, the last of them an End. Throws an Error that names `fileName` and the
/// line for a character or number that no PTX has, and for an open comment or string.
std::vector<Token> tokenize(std::string_view source, std::string_view fileName);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PTX_LEXER_H
