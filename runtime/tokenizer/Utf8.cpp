//===- Utf8.cpp - UTF-8, valid and broken ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Utf8.h"

using namespace qopt;

Utf8Unit qopt::firstUtf8Unit(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  unsigned char lead = byte(0);
  if (lead < 0x80)
    return {Utf8Unit::Valid, 1};
  if (lead < 0xc2 || lead > 0xf4)
    return {Utf8Unit::Invalid, 1};
  size_t length = utf8Length(text);
  // The second byte excludes overlong forms, surrogates and what lies beyond U+10FFFF.
  unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size())
      return {Utf8Unit::Incomplete, i};
    if (byte(i) < low || byte(i) > high)
      return {Utf8Unit::Invalid, i};
    low = 0x80;
    high = 0xbf;
  }
  return {Utf8Unit::Valid, length};
}

char32_t qopt::utf8CodePoint(std::string_view valid) {
  size_t length = utf8Length(valid);
  auto byte = [&](size_t i) { return static_cast<unsigned char>(valid[i]); };
  if (length == 1)
    return byte(0);
  char32_t codePoint = byte(0) & (0x7f >> length);
  for (size_t i = 1; i < length; ++i)
    codePoint = codePoint << 6 | (byte(i) & 0x3f);
  return codePoint;
}

void qopt::appendUtf8(char32_t codePoint, std::string &out) {
  auto append = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (codePoint < 0x80) {
    append(codePoint);
    return;
  }
  if (codePoint < 0x800) {
    append(0xc0 | codePoint >> 6);
  } else {
    if (codePoint < 0x10000) {
      append(0xe0 | codePoint >> 12);
    } else {
      append(0xf0 | codePoint >> 18);
      append(0x80 | (codePoint >> 12 & 0x3f));
    }
    append(0x80 | (codePoint >> 6 & 0x3f));
  }
  append(0x80 | (codePoint & 0x3f));
}

bool qopt::isValidUtf8(std::string_view text) {
  while (!text.empty()) {
    Utf8Unit unit = firstUtf8Unit(text);
    if (unit.kind != Utf8Unit::Valid)
      return false;
    text.remove_prefix(unit.length);
  }
  return true;
}

void qopt::drainUtf8(std::string &pending, bool isFinal, InvalidBytes mode, std::string &out) {
  std::string_view rest = pending;
  while (!rest.empty()) {
    Utf8Unit unit = firstUtf8Unit(rest);
    if (unit.kind == Utf8Unit::Incomplete && !isFinal)
      break;
    if (unit.kind == Utf8Unit::Valid)
      out.append(rest.substr(0, unit.length));
    else
      for (size_t i = 0, n = mode == InvalidBytes::OnePerByte ? unit.length : 1; i < n; ++i)
        out.append("\xef\xbf\xbd");
    rest.remove_prefix(unit.length);
  }
  pending.erase(0, pending.size() - rest.size());
}

bool qopt::isWhiteSpace(char32_t c) {
  return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
         c == 0x3000;
}
