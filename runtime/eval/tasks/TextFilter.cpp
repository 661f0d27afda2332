//===- TextFilter.cpp - what templates do to a field ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TextFilter.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>
#include <functional>
#include <map>

using namespace qopt;

static char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }
static char upper(char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; }

static std::string lowered(std::string text) {
  std::ranges::transform(text, text.begin(), lower);
  return text;
}

static std::string strippedLeft(const std::string &text) {
  size_t begin = 0;
  while (begin < text.size() && isWhiteSpace(utf8CodePoint(std::string_view(text).substr(begin))))
    begin += utf8Length(std::string_view(text).substr(begin));
  return text.substr(begin);
}

/// The start of the last character.
static size_t lastCharacter(std::string_view text) {
  size_t i = text.size() - 1;
  while (i > 0 && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80)
    --i;
  return i;
}

static std::string strippedRight(std::string text) {
  while (!text.empty()) {
    const size_t last = lastCharacter(text);
    if (!isWhiteSpace(utf8CodePoint(std::string_view(text).substr(last))))
      break;
    text.resize(last);
  }
  return text;
}

static std::string replaced(std::string text, std::string_view from, std::string_view to) {
  if (from.empty())
    return text;
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

/// Without what stands in brackets: `re.sub("\\[.*?\\]", "", text)`, where . is no newline.
static std::string withoutBrackets(const std::string &text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const size_t close = text[i] == '[' ? text.find_first_of("]\n", i) : std::string::npos;
    if (close != std::string::npos && text[close] == ']')
      i = close;
    else
      result += text[i];
  }
  return result;
}

static std::string hellaswagText(const std::string &text) {
  const std::string titled = replaced(strippedRight(strippedLeft(text)), " [title]", ". ");
  return replaced(withoutBrackets(titled), "  ", " ");
}

static std::string detokenized(std::string text) {
  for (auto [from, to] : {std::pair{" n't", "n't"},
                          {" )", ")"},
                          {"( ", "("},
                          {"\" ", "\""},
                          {" \"", "\""},
                          {" '", "'"},
                          {" .", "."},
                          {" ,", ","}})
    text = replaced(std::move(text), from, to);
  return text;
}

static std::string chopped(std::string text) {
  if (!text.empty())
    text.resize(lastCharacter(text));
  return text;
}

static std::string capitalized(std::string text) {
  text = lowered(std::move(text));
  if (!text.empty())
    text[0] = upper(text[0]);
  return text;
}

static std::string withLowerFirst(std::string text) {
  if (!text.empty())
    text[0] = lower(text[0]);
  return text;
}

static std::string replacedPair(std::string_view argument, std::string text) {
  const size_t colon = argument.find(':');
  if (colon == std::string_view::npos)
    fail("a template's filter 'replace' takes what to replace and what by, as replace:X:Y");
  return replaced(std::move(text), argument.substr(0, colon), argument.substr(colon + 1));
}

using Filter = std::function<std::string(std::string_view argument, std::string text)>;

static std::string part(const std::string &text, size_t begin, size_t end) {
  return begin == std::string::npos ? text : text.substr(begin, end - begin);
}

static const std::map<std::string_view, Filter> &filters() {
  using View = std::string_view;
  constexpr size_t npos = std::string::npos;
  static const std::map<View, Filter> table = {
      {"strip", [](View, const std::string &t) { return strippedRight(strippedLeft(t)); }},
      {"lstrip", [](View, const std::string &t) { return strippedLeft(t); }},
      {"chop", [](View, std::string t) { return chopped(std::move(t)); }},
      {"lower", [](View, std::string t) { return lowered(std::move(t)); }},
      {"lower_first", [](View, std::string t) { return withLowerFirst(std::move(t)); }},
      {"capitalize", [](View, std::string t) { return capitalized(std::move(t)); }},
      {"spaces", [](View, std::string t) { return replaced(std::move(t), "_", " "); }},
      {"brackets", [](View, const std::string &t) { return hellaswagText(t); }},
      {"detokenize", [](View, std::string t) { return detokenized(std::move(t)); }},
      {"replace", replacedPair},
      {"before", [](View x, const std::string &t) { return part(t, 0, t.find(x)); }},
      {"after",
       [](View x, const std::string &t) {
         const size_t at = t.find(x);
         return at == npos ? t : t.substr(at + x.size());
       }},
      {"before_last",
       [](View x, const std::string &t) {
         const size_t at = t.rfind(x);
         return at == npos ? std::string() : t.substr(0, at);
       }},
      {"after_last",
       [](View x, const std::string &t) {
         const size_t at = t.rfind(x);
         return at == npos ? t : t.substr(at + x.size());
       }},
  };
  return table;
}

std::string qopt::applyFilter(std::string_view name, std::string_view argument, std::string text) {
  const auto filter = filters().find(name);
  if (filter == filters().end())
    fail("a template's filter {} is unknown; runtime/eval/tasks/TextFilter.h lists them",
         quote(name));
  return filter->second(argument, std::move(text));
}
