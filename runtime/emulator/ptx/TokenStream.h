//===- TokenStream.h - what the parser reads from ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_TOKENSTREAM_H
#define QOPT_RUNTIME_EMULATOR_PTX_TOKENSTREAM_H

#include "runtime/emulator/ptx/Lexer.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <string>

namespace qopt::emulator::ptx {

/// Tokens of one file with a cursor; complains in one line that names the file and the line.
class TokenStream {
public:
  TokenStream(std::string_view source, std::string_view fileName)
      : source(source), fileName(fileName), tokens(tokenize(source, fileName)) {}

  const Token &peek(size_t ahead = 0) const {
    return tokens[std::min(position + ahead, tokens.size() - 1)];
  }
  Token take() {
    Token token = peek();
    position += token.kind != Token::Kind::End;
    return token;
  }
  bool at(std::string_view text) const { return peek().text == text && !atEnd(); }
  bool atEnd() const { return peek().kind == Token::Kind::End; }
  bool consume(std::string_view text) {
    bool found = at(text);
    position += found;
    return found;
  }
  void expect(std::string_view text, std::string_view where);
  Token expectKind(Token::Kind kind, std::string_view what);
  /// An integer of at most `limit`.
  uint64_t expectInteger(uint64_t limit, std::string_view what);
  /// A word that can be a name: does not start with a dot.
  std::string_view expectName(std::string_view what);

  /// The source from `first` to the last token taken.
  std::string_view textSince(const Token &first) const;

  template <typename... Args>
  [[noreturn]] void error(const Token &token, fmt::format_string<Args...> format,
                          Args &&...args) const {
    fail("{}:{}: {}", fileName, token.line, fmt::format(format, std::forward<Args>(args)...));
  }
  /// "found ..., expected `what`" at the next token.
  [[noreturn]] void unexpected(std::string_view what) const;

private:
  std::string_view source;
  std::string_view fileName;
  std::vector<Token> tokens;
  size_t position = 0;
};

} // namespace qopt::emulator::ptx

#endif // QOPT_RUNTIME_EMULATOR_PTX_TOKENSTREAM_H
