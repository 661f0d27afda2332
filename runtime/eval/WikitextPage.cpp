//===- WikitextPage.cpp - the text side of lm-eval's wikitext task --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/WikitextPage.h"
#include <array>

namespace qopt {

//===----------------------------------------------------------------------===//
// White space, as `\s` and strip() of Python see it
//===----------------------------------------------------------------------===//

static bool isWhitespace(std::string_view utf8Character) {
  if (utf8Character.size() == 1) {
    const unsigned char c = utf8Character[0];
    return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
  }
  constexpr std::array<std::string_view, 19> wide = {
      "\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
      "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
      "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
  for (std::string_view character : wide)
    if (utf8Character == character)
      return true;
  return false;
}

/// Bytes of the white space character that `text` starts with, or 0.
static size_t leadingWhitespace(std::string_view text) {
  for (size_t size = 1; size <= 3 && size <= text.size(); ++size)
    if (isWhitespace(text.substr(0, size)))
      return size;
  return 0;
}

static size_t trailingWhitespace(std::string_view text) {
  for (size_t size = 1; size <= 3 && size <= text.size(); ++size)
    if (isWhitespace(text.substr(text.size() - size)))
      return size;
  return 0;
}

static std::string_view strip(std::string_view text) {
  while (const size_t size = leadingWhitespace(text))
    text.remove_prefix(size);
  while (const size_t size = trailingWhitespace(text))
    text.remove_suffix(size);
  return text;
}

int64_t countWords(std::string_view page) {
  int64_t words = 1;
  while (!page.empty()) {
    size_t size = leadingWhitespace(page);
    words += size > 0;
    for (; size > 0; size = leadingWhitespace(page))
      page.remove_prefix(size);
    if (!page.empty())
      page.remove_prefix(1);
  }
  return words;
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

/// str.replace: every occurrence from left to right, without overlaps.
static void replaceAll(std::string &text, std::string_view from, std::string_view to) {
  std::string result;
  size_t begin = 0;
  for (size_t at; (at = text.find(from, begin)) != std::string::npos; begin = at + from.size())
    result.append(text, begin, at - begin).append(to);
  text = result.append(text, begin);
}

/// " = Title = ", but not the " = = Section = = " of a deeper level.
static bool isTitle(std::string_view line) {
  if (line.find('=') == std::string_view::npos)
    return false;
  std::string merged(line);
  replaceAll(merged, "= = =", "===");
  replaceAll(merged, "= =", "==");
  const std::string_view title = strip(merged);
  return title.starts_with("= ") && title.ends_with(" =");
}

std::vector<std::string_view> splitWikitextPages(std::string_view text) {
  std::vector<std::string_view> pages;
  size_t pageBegin = 0;
  for (size_t lineBegin = 0; lineBegin <= text.size();) {
    const size_t lineEnd = std::min(text.find('\n', lineBegin), text.size());
    if (isTitle(text.substr(lineBegin, lineEnd - lineBegin))) {
      // The line break before the title belongs to no page.
      const size_t pageEnd = lineBegin > pageBegin ? lineBegin - 1 : pageBegin;
      const std::string_view page = text.substr(pageBegin, pageEnd - pageBegin);
      if (!strip(page).empty())
        pages.push_back(page);
      pageBegin = lineBegin;
    }
    lineBegin = lineEnd + 1;
  }
  pages.push_back(text.substr(pageBegin));
  return pages;
}

//===----------------------------------------------------------------------===//
// The detokenizer
//===----------------------------------------------------------------------===//

/// re.sub(open + r"\s*([^close]*?)\s*" + close, ...): strips what stands between `open` and the
/// next `close`.
static void stripInside(std::string &text, char open, char close) {
  std::string result;
  size_t begin = 0;
  while (true) {
    const size_t opening = text.find(open, begin);
    const size_t closing =
        opening == std::string::npos ? std::string::npos : text.find(close, opening + 1);
    if (closing == std::string::npos)
      break;
    result.append(text, begin, opening + 1 - begin);
    result.append(strip(std::string_view(text).substr(opening + 1, closing - opening - 1)));
    result.push_back(close);
    begin = closing + 1;
  }
  text = result.append(text, begin);
}

/// re.sub(r"/' [0-9]/", r"/'[0-9]/", ...): slashes and all, the digit becomes the text "[0-9]".
/// Surely a slip in lm-eval, but published numbers include it.
static void replaceSlashedDigits(std::string &text) {
  constexpr std::string_view start = "/' ";
  size_t at = 0;
  while ((at = text.find(start, at)) != std::string::npos && at + 4 < text.size()) {
    const char digit = text[at + 3];
    if (digit < '0' || digit > '9' || text[at + 4] != '/') {
      ++at;
      continue;
    }
    constexpr std::string_view replacement = "/'[0-9]/";
    text.replace(at, 5, replacement);
    at += replacement.size();
  }
}

std::string detokenizeWikitext(std::string_view page) {
  using Replacement = std::pair<std::string_view, std::string_view>;
  std::string text(page);
  auto replace = [&](std::initializer_list<Replacement> replacements) {
    for (const auto &[from, to] : replacements)
      replaceAll(text, from, to);
  };
  replace({{"s '", "s'"}});
  replaceSlashedDigits(text);
  replace({{" @-@ ", "-"}, {" @,@ ", ","}, {" @.@ ", "."}});
  replace(
      {{" : ", ": "}, {" ; ", "; "}, {" . ", ". "}, {" ! ", "! "}, {" ? ", "? "}, {" , ", ", "}});
  stripInside(text, '(', ')');
  stripInside(text, '[', ']');
  stripInside(text, '{', '}');
  stripInside(text, '"', '"');
  stripInside(text, '\'', '\'');
  replace({{"= = = =", "===="}, {"= = =", "==="}, {"= =", "=="}, {" \u00b0 ", "\u00b0"}});
  replace({{" \n", "\n"}, {"\n ", "\n"}, {" N ", " 1 "}, {" 's", "'s"}});
  return text;
}

} // namespace qopt
