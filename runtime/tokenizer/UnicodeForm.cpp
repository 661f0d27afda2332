//===- UnicodeForm.cpp - Unicode normalization forms ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/UnicodeForm.h"

#include "runtime/formats/Error.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>
#include <utf8proc.h>
#include <utility>
#include <vector>

using namespace qopt;

static bool isAscii(char c) { return (c & 0x80) == 0; }

static void appendDecomposed(std::string_view text, utf8proc_option_t options,
                             std::vector<utf8proc_int32_t> &codePoints) {
  for (; !text.empty(); text.remove_prefix(utf8Length(text))) {
    auto codePoint = static_cast<utf8proc_int32_t>(utf8CodePoint(text));
    utf8proc_int32_t parts[32]; // The longest decomposition has 18.
    int boundClass = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char(codePoint, parts, std::size(parts), options, &boundClass);
    if (count < 0 || count > utf8proc_ssize_t(std::size(parts)))
      fail("Unicode normalization of U+{:04X}: {}", codePoint, utf8proc_errmsg(count));
    codePoints.insert(codePoints.end(), parts, parts + count);
  }
}

/// Sorts each run of accents by their combining classes, equal ones in their order. utf8proc does
/// that only in quadratic time.
static void reorderAccents(std::vector<utf8proc_int32_t> &codePoints) {
  auto classOf = [](utf8proc_int32_t c) { return utf8proc_get_property(c)->combining_class; };
  std::vector<std::pair<uint64_t, utf8proc_int32_t>> run; // Class and place, accent.
  for (size_t begin = 0; begin < codePoints.size(); ++begin) {
    run.clear();
    for (size_t i = begin; i < codePoints.size() && classOf(codePoints[i]) != 0; ++i)
      run.push_back({uint64_t(classOf(codePoints[i])) << 32 | run.size(), codePoints[i]});
    std::sort(run.begin(), run.end());
    for (const auto &[key, codePoint] : run)
      codePoints[begin++] = codePoint;
  }
}

static void appendForm(std::string_view text, UnicodeForm form, std::string &out) {
  bool isCompatible = form == UnicodeForm::Nfkc || form == UnicodeForm::Nfkd;
  auto decomposition = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
                                                      (isCompatible ? UTF8PROC_COMPAT : 0));
  std::vector<utf8proc_int32_t> codePoints;
  appendDecomposed(text, decomposition, codePoints);
  reorderAccents(codePoints);
  if (form == UnicodeForm::Nfc || form == UnicodeForm::Nfkc) {
    auto composition = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    utf8proc_ssize_t length = utf8proc_normalize_utf32(
        codePoints.data(), static_cast<utf8proc_ssize_t>(codePoints.size()), composition);
    codePoints.resize(static_cast<size_t>(length));
  }
  for (utf8proc_int32_t codePoint : codePoints)
    appendUtf8(static_cast<char32_t>(codePoint), out);
}

std::string qopt::toUnicodeForm(std::string_view text, UnicodeForm form) {
  // ASCII stays as it is, except that a character may combine with what follows it.
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    size_t begin = std::find_if_not(text.begin(), text.end(), isAscii) - text.begin();
    size_t end = std::find_if(text.begin() + begin, text.end(), isAscii) - text.begin();
    if (begin > 0 && begin < text.size())
      --begin;
    result.append(text.substr(0, begin));
    appendForm(text.substr(begin, end - begin), form, result);
    text.remove_prefix(end);
  }
  return result;
}
