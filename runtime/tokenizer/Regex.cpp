//===- Regex.cpp - regular expressions of tokenizer files -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/tokenizer/Regex.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

using namespace qopt;

static std::string errorMessage(int code) {
  PCRE2_UCHAR buffer[256];
  if (pcre2_get_error_message(code, buffer, sizeof(buffer)) < 0)
    return fmt::format("PCRE2 error {}", code);
  return reinterpret_cast<const char *>(buffer);
}

/// Where Oniguruma's syntax and PCRE2's differ in what they match: `\s` is White_Space there, and
/// also U+180E here; `\h` is a hexadecimal digit there and a horizontal space here.
static std::string translate(std::string_view expression) {
  std::string result;
  for (size_t i = 0; i < expression.size(); ++i) {
    if (expression[i] != '\\' || i + 1 == expression.size()) {
      result += expression[i];
      continue;
    }
    char escaped = expression[++i];
    if (escaped == 'h' || escaped == 'H')
      fail("regular expression {}: '\\{}' is not supported; write '[0-9a-fA-F]'", quote(expression),
           escaped);
    if (escaped == 's')
      result += "\\p{White_Space}";
    else if (escaped == 'S')
      result += "\\P{White_Space}";
    else
      result += {'\\', escaped};
  }
  return result;
}

Regex::Regex(std::string_view expression) : source(expression) {
  std::string translated = translate(expression);
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code *compiled = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(translated.data()), translated.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &error, &offset, /*ccontext=*/nullptr);
  if (!compiled)
    fail("regular expression {}: {}", quote(expression), errorMessage(error));
  code = std::shared_ptr<const void>(
      compiled, [](const void *p) { pcre2_code_free((pcre2_code *)const_cast<void *>(p)); });
  // A build of PCRE2 without a JIT still matches, only more slowly.
  pcre2_jit_compile(compiled, PCRE2_JIT_COMPLETE);
}

RegexMatches::RegexMatches(const Regex &regex, std::string_view text)
    : regex(regex), text(text),
      data(pcre2_match_data_create_from_pattern(static_cast<const pcre2_code *>(regex.code.get()),
                                                nullptr),
           [](void *p) { pcre2_match_data_free(static_cast<pcre2_match_data *>(p)); }) {}

std::optional<ByteRange> RegexMatches::next() {
  auto *code = static_cast<const pcre2_code *>(regex.code.get());
  auto *matchData = static_cast<pcre2_match_data *>(data.get());
  size_t lastEnd = position;
  while (position <= text.size()) {
    auto match = [&](uint32_t options) {
      return pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), position,
                         options | PCRE2_NO_UTF_CHECK, matchData, /*mcontext=*/nullptr);
    };
    int result = match(0);
    if (result == PCRE2_ERROR_JIT_STACKLIMIT) // The interpreter uses the heap instead.
      result = match(PCRE2_NO_JIT);
    if (result == PCRE2_ERROR_NOMATCH)
      break;
    if (result < 0)
      fail("regular expression {}: gave up at byte {} of {}: {}", quote(regex.source), position,
           text.size(), errorMessage(result));
    const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(matchData);
    ByteRange range{bounds[0], bounds[1]};
    if (range.begin == range.end && hasMatched && range.end == lastEnd) {
      position += position < text.size() ? utf8Length(text.substr(position)) : 1;
      lastEnd = range.end;
      continue;
    }
    position = range.end;
    hasMatched = true;
    return range;
  }
  position = text.size() + 1;
  return std::nullopt;
}
