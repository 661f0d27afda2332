//===- AnswerText.cpp - when two answers are the same ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/AnswerText.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>
#include <map>
#include <vector>

using namespace qopt;

static constexpr std::string_view invalid = "[invalid]";

static size_t lengthOf(std::string_view text, std::string_view characters) {
  return std::min(text.find_first_not_of(characters), text.size());
}

std::string qopt::strictNumber(std::string_view text) {
  constexpr std::string_view mark = "#### ";
  for (size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
    const std::string_view rest = text.substr(at + mark.size());
    const size_t sign = rest.starts_with('-') ? 1 : 0;
    if (const size_t length = lengthOf(rest.substr(sign), "0123456789.,"); length > 0)
      return std::string(rest.substr(0, sign + length));
  }
  return std::string(invalid);
}

std::string qopt::flexibleNumber(std::string_view text) {
  std::string_view last = invalid;
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const size_t sign = rest.starts_with('-') ? 1 : 0;
    const size_t loose = lengthOf(rest.substr(sign), "$0123456789.,");
    const size_t digits = lengthOf(rest.substr(sign), "0123456789");
    const size_t length = loose >= 2 ? sign + loose : digits > 0 ? sign + digits : 0;
    if (length > 0)
      last = rest.substr(0, length);
    at += std::max<size_t>(length, 1);
  }
  return std::string(last);
}

std::string qopt::normalizedNumber(std::string_view text) {
  constexpr std::string_view mark = "#### ";
  if (const size_t at = text.rfind(mark); at != std::string_view::npos)
    text.remove_prefix(at + mark.size());
  std::string result(text);
  std::erase_if(result, [](char c) { return c == ',' || c == '$'; });
  if (result.ends_with('.'))
    result.pop_back();
  return result;
}

static std::string lowered(std::string_view text) {
  std::string result(text);
  for (char &c : result)
    if (c >= 'A' && c <= 'Z')
      c = char(c - 'A' + 'a');
  return result;
}

static std::vector<std::string> splitWords(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  while (!text.empty()) {
    const size_t length = utf8Length(text);
    if (isWhiteSpace(utf8CodePoint(text))) {
      if (!word.empty())
        words.push_back(std::move(word));
      word.clear();
    } else {
      word += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  if (!word.empty())
    words.push_back(std::move(word));
  return words;
}

static std::vector<std::string> answerWords(std::string_view text) {
  std::string plain = lowered(text);
  constexpr std::string_view punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~";
  std::erase_if(plain, [&](char c) { return punctuation.find(c) != std::string_view::npos; });
  std::vector<std::string> words = splitWords(plain);
  std::erase_if(words, [](const std::string &w) { return w == "a" || w == "an" || w == "the"; });
  return words;
}

std::string qopt::normalizedAnswer(std::string_view text) {
  std::string result;
  for (const std::string &word : answerWords(text))
    result += (result.empty() ? "" : " ") + word;
  return result;
}

static double f1(size_t common, size_t predicted, size_t expected) {
  if (common == 0)
    return 0;
  const double precision = double(common) / double(predicted);
  const double recall = double(common) / double(expected);
  return 2 * precision * recall / (precision + recall);
}

double qopt::answerF1(std::string_view prediction, std::string_view answer) {
  const std::vector<std::string> predicted = answerWords(prediction),
                                 expected = answerWords(answer);
  if (predicted.empty() || expected.empty())
    return predicted == expected ? 1 : 0;
  std::map<std::string, int64_t> counts;
  for (const std::string &word : expected)
    ++counts[word];
  size_t common = 0;
  for (const std::string &word : predicted)
    common += counts[word]-- > 0;
  return f1(common, predicted.size(), expected.size());
}

/// CMRC's sp_char.
static bool isChinesePunctuation(std::string_view character) {
  static constexpr std::string_view marks[] = {"-",  ":",  "_",  "*",  "^",  "/",  "\\", "~",  "`",
                                               "+",  "=",  "，", "。", "：", "？", "！", "“",  "”",
                                               "；", "’",  "《", "》", "…",  "·",  "、", "「", "」",
                                               "（", "）", "－", "～", "『", "』"};
  return std::ranges::find(marks, character) != std::end(marks);
}

/// CMRC's mixed_segmentation: Chinese characters one by one, and words of anything else.
static std::vector<std::string> chineseSegments(std::string_view text) {
  const std::string lower = lowered(text);
  std::vector<std::string> segments;
  std::string other;
  auto flush = [&] {
    for (std::string &word : splitWords(other))
      segments.push_back(std::move(word));
    other.clear();
  };
  for (std::string_view rest = lower; !rest.empty();) {
    const std::string_view character = rest.substr(0, utf8Length(rest));
    const char32_t c = utf8CodePoint(rest);
    rest.remove_prefix(character.size());
    if (isChinesePunctuation(character))
      continue;
    if (c >= 0x4e00 && c <= 0x9fa5) {
      flush();
      segments.emplace_back(character);
    } else {
      other += character;
    }
  }
  flush();
  return segments;
}

std::string qopt::normalizedChinese(std::string_view text) {
  const std::string lower = lowered(text);
  std::string result;
  for (std::string_view rest = lower; !rest.empty(); rest.remove_prefix(utf8Length(rest)))
    if (const std::string_view character = rest.substr(0, utf8Length(rest));
        !isChinesePunctuation(character))
      result += character;
  const size_t begin = std::min(result.find_first_not_of(" \t\n"), result.size());
  return result.substr(begin, result.find_last_not_of(" \t\n") + 1 - begin);
}

double qopt::chineseF1(std::string_view prediction, std::string_view answer) {
  const std::vector<std::string> a = chineseSegments(prediction), b = chineseSegments(answer);
  // Lengths of the runs that end in a[i] and b[j], one row at a time.
  std::vector<size_t> ending(b.size() + 1), next(b.size() + 1);
  size_t longest = 0;
  for (const std::string &segment : a) {
    for (size_t j = 0; j < b.size(); ++j) {
      next[j + 1] = segment == b[j] ? ending[j] + 1 : 0;
      longest = std::max(longest, next[j + 1]);
    }
    std::swap(ending, next);
  }
  return f1(longest, a.size(), b.size());
}
