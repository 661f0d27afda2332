//===- TokenStream.cpp - what the parser reads from -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/TokenStream.h"

using namespace qopt;
using namespace qopt::emulator;
using namespace qopt::emulator::ptx;

void TokenStream::unexpected(std::string_view what) const {
  const Token &found = peek();
  if (atEnd())
    error(found, "the file ends where {} should be", what);
  error(found, "found {}, expected {}", quote(found.text), what);
}

void TokenStream::expect(std::string_view text, std::string_view where) {
  if (!consume(text))
    unexpected(fmt::format("'{}' {}", text, where));
}

Token TokenStream::expectKind(Token::Kind kind, std::string_view what) {
  if (peek().kind != kind)
    unexpected(what);
  return take();
}

uint64_t TokenStream::expectInteger(uint64_t limit, std::string_view what) {
  Token token = expectKind(Token::Kind::Integer, what);
  if (token.value > limit)
    error(token, "{} is {}, more than {}", what, token.value, limit);
  return token.value;
}

std::string_view TokenStream::expectName(std::string_view what) {
  if (peek().kind != Token::Kind::Word || peek().text.starts_with('.'))
    unexpected(what);
  return take().text;
}

std::string_view TokenStream::textSince(const Token &first) const {
  const Token &last = tokens[position - 1];
  return source.substr(size_t(first.text.data() - source.data()),
                       size_t(last.text.data() + last.text.size() - first.text.data()));
}
