//===- Lexer.cpp - PTX text to tokens -------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Lexer.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <bit>
#include <charconv>

using namespace qopt;
using namespace qopt::emulator;

namespace {

class Lexer {
public:
  Lexer(std::string_view source, std::string_view fileName) : source(source), fileName(fileName) {}

  std::vector<Token> run();

private:
  using Kind = Token::Kind;

  char at(size_t ahead) const {
    return position + ahead < source.size() ? source[position + ahead] : '\0';
  }
  std::string_view since(size_t begin) const { return source.substr(begin, position - begin); }
  void skipBlanks();
  void skipBlockComment();
  Token word();
  Token number();
  Token exactFloat(unsigned digits, Kind kind);
  Token decimal();
  Token integer();
  Token string();
  Token token(Kind kind, size_t begin, uint64_t value = 0) const {
    return {kind, line, since(begin), value};
  }
  template <typename... Args>
  [[noreturn]] void error(fmt::format_string<Args...> format, Args &&...args) const {
    fail("{}:{}: {}", fileName, line, fmt::format(format, std::forward<Args>(args)...));
  }

  std::string_view source;
  std::string_view fileName;
  size_t position = 0;
  uint32_t line = 1;
};

} // namespace

static bool isDigit(char c) { return c >= '0' && c <= '9'; }
static bool isLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool isHexDigit(char c) {
  return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
static bool startsWord(char c) {
  return isLetter(c) || c == '_' || c == '$' || c == '%' || c == '.';
}
static bool continuesWord(char c) { return startsWord(c) || isDigit(c); }

void Lexer::skipBlockComment() {
  uint32_t first = line;
  for (position += 2; at(0) != '*' || at(1) != '/'; ++position) {
    if (position >= source.size()) {
      line = first;
      error("a comment is not closed");
    }
    line += at(0) == '\n';
  }
  position += 2;
}

void Lexer::skipBlanks() {
  while (position < source.size()) {
    char c = at(0);
    if (c == '/' && at(1) == '*') {
      skipBlockComment();
    } else if (c == '/' && at(1) == '/') {
      while (position < source.size() && at(0) != '\n')
        ++position;
    } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      line += c == '\n';
      ++position;
    } else {
      return;
    }
  }
}

/// Words contain `::`, as in `shared::cta` and `L2::128B`: labels end with a single colon.
Token Lexer::word() {
  size_t begin = position;
  while (continuesWord(at(0)) ||
         (at(0) == ':' && at(1) == ':' && (isLetter(at(2)) || isDigit(at(2)))))
    position += at(0) == ':' ? 2 : 1;
  return token(Kind::Word, begin);
}

Token Lexer::exactFloat(unsigned digits, Kind kind) {
  size_t begin = position;
  for (position += 2; isHexDigit(at(0));)
    ++position;
  std::string_view text = since(begin);
  if (text.size() != 2 + digits || continuesWord(at(0)))
    error("{} is not '0{}' and {} hexadecimal digits", quote(text), text[1], digits);
  uint64_t value = 0;
  std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  return token(kind, begin, value);
}

Token Lexer::decimal() {
  size_t begin = position;
  double value = 0;
  auto [end, code] =
      std::from_chars(source.data() + position, source.data() + source.size(), value);
  position = size_t(end - source.data());
  if (code != std::errc() || continuesWord(at(0)))
    error("{} is no number", quote(since(begin)));
  return token(Kind::Decimal, begin, std::bit_cast<uint64_t>(value));
}

Token Lexer::integer() {
  size_t begin = position;
  int base = 10;
  if (at(0) == '0' && (at(1) == 'x' || at(1) == 'X'))
    base = 16;
  else if (at(0) == '0' && (at(1) == 'b' || at(1) == 'B'))
    base = 2;
  else if (at(0) == '0' && isDigit(at(1)))
    base = 8;
  position += base == 16 || base == 2 ? 2 : 0;
  size_t digits = position;
  while (continuesWord(at(0)))
    ++position;
  std::string_view text = since(digits);
  if (text.ends_with('U'))
    text.remove_suffix(1);
  uint64_t value = 0;
  auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (code != std::errc() || end != text.data() + text.size())
    error("{} is no integer of 64 bits", quote(since(begin)));
  return token(Kind::Integer, begin, value);
}

Token Lexer::number() {
  if (at(0) == '0' && (at(1) == 'f' || at(1) == 'F'))
    return exactFloat(8, Kind::FloatBits);
  if (at(0) == '0' && (at(1) == 'd' || at(1) == 'D'))
    return exactFloat(16, Kind::DoubleBits);
  size_t digits = 0;
  while (isDigit(at(digits)))
    ++digits;
  bool isDecimal = at(digits) == '.' || at(digits) == 'e' || at(digits) == 'E';
  return isDecimal ? decimal() : integer();
}

Token Lexer::string() {
  size_t begin = position;
  for (++position; at(0) != '"'; ++position) {
    if (position >= source.size() || at(0) == '\n')
      error("a string is not closed");
    if (at(0) == '\\' && at(1) != '\n')
      ++position;
  }
  ++position;
  return token(Kind::String, begin);
}

std::vector<Token> Lexer::run() {
  static constexpr std::string_view punctuation = "{}[]()<>,;:+-|!@=~&^*/?";
  std::vector<Token> tokens;
  for (;;) {
    skipBlanks();
    if (position >= source.size())
      break;
    char c = at(0);
    if (startsWord(c)) {
      tokens.push_back(word());
    } else if (isDigit(c)) {
      tokens.push_back(number());
    } else if (c == '"') {
      tokens.push_back(string());
    } else if (punctuation.find(c) != std::string_view::npos) {
      ++position;
      tokens.push_back(token(Kind::Punctuation, position - 1));
    } else {
      error("unexpected character {}", quote(source.substr(position, 1)));
    }
  }
  tokens.push_back(token(Kind::End, position));
  return tokens;
}

std::vector<Token> emulator::tokenize(std::string_view source, std::string_view fileName) {
  return Lexer(source, fileName).run();
}
