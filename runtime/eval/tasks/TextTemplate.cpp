//===- TextTemplate.cpp - texts with fields of a record in them -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TextTemplate.h"
#include "runtime/eval/tasks/TextFilter.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "runtime/tokenizer/Utf8.h"
#include <charconv>

using namespace qopt;

TextTemplate::Piece TextTemplate::parseField(std::string literal, std::string_view field) {
  auto takeUpTo = [&](char end) {
    const std::string_view taken = field.substr(0, field.find(end));
    field.remove_prefix(std::min(field.size(), taken.size() + 1));
    return taken;
  };
  Piece piece{std::move(literal), std::string(takeUpTo('|')), {}};
  while (!field.empty()) {
    const std::string_view filter = takeUpTo('|');
    const size_t colon = filter.find(':');
    piece.filters.push_back(
        {std::string(filter.substr(0, colon)),
         std::string(colon == std::string_view::npos ? "" : filter.substr(colon + 1))});
  }
  return piece;
}

TextTemplate::TextTemplate(std::string_view text, std::string_view source) {
  std::string literal;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool isDouble = i + 1 < text.size() && text[i + 1] == text[i];
    if (text[i] != '{' && text[i] != '}') {
      literal += text[i];
    } else if (isDouble) {
      literal += text[i++];
    } else if (text[i] == '}') {
      fail("{}: the template {} closes a brace that it did not open", source, quote(text));
    } else {
      const size_t end = text.find('}', i);
      if (end == std::string_view::npos)
        fail("{}: the template {} opens a brace and does not close it", source, quote(text));
      pieces.push_back(parseField(std::move(literal), text.substr(i + 1, end - i - 1)));
      literal.clear();
      i = end;
    }
  }
  tail = std::move(literal);
}

static size_t numberAt(const TaskRecord &record, std::string_view path) {
  const std::string text = record.text(path);
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size())
    fail("{}: {} is {}, not a number", record.place(), quote(path), quote(text));
  return number;
}

/// Characters, as Python counts them.
static std::string sliceOf(std::string_view text, size_t begin, size_t end) {
  std::string result;
  for (size_t i = 0; !text.empty() && i < end; ++i) {
    const size_t length = utf8Length(text);
    if (i >= begin)
      result += text.substr(0, length);
    text.remove_prefix(length);
  }
  return result;
}

/// The words before it, joined by single spaces, count as that many characters of the text.
static std::string withMark(const std::string &text, size_t wordNumber, const std::string &word) {
  std::string before;
  std::string_view rest = text;
  for (size_t i = 0; i < wordNumber; ++i) {
    const size_t begin = std::min(rest.find_first_not_of(" \t\n"), rest.size());
    rest.remove_prefix(begin);
    const std::string_view next = rest.substr(0, rest.find_first_of(" \t\n"));
    if (i > 0)
      before += ' ';
    before += next;
    rest.remove_prefix(next.size());
  }
  const size_t after = std::min(text.size(), before.size() + word.size() + 1);
  return before + " *" + word + "*" + text.substr(after);
}

static std::string lookUp(const WordMaps &maps, const std::string &name, const std::string &word,
                          const TaskRecord &record) {
  const auto map = maps.find(name);
  if (map == maps.end())
    fail("{}: the task has no map {}", record.place(), quote(name));
  const auto entry = map->second.find(word);
  if (entry == map->second.end())
    fail("{}: {} is not in the task's map {}", record.place(), quote(word), quote(name));
  return entry->second;
}

std::string TextTemplate::expand(const TaskRecord &record, const WordMaps &maps) const {
  std::string result;
  for (const Piece &piece : pieces) {
    std::string text = record.text(piece.path);
    for (const auto &[name, argument] : piece.filters) {
      const std::string first = argument.substr(0, argument.find(':'));
      const std::string second = argument.substr(std::min(argument.size(), first.size() + 1));
      if (name == "map")
        text = lookUp(maps, argument, text, record);
      else if (name == "slice")
        text = sliceOf(text, numberAt(record, first), numberAt(record, second));
      else if (name == "mark")
        text = withMark(text, numberAt(record, first), record.text(second));
      else
        text = applyFilter(name, argument, std::move(text));
    }
    result += piece.literal + text;
  }
  return result + tail;
}
