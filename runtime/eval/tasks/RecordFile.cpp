//===- RecordFile.cpp - files of records, in the forms that tasks are published in -===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/RecordFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/MappedFile.h"
#include "runtime/tokenizer/Utf8.h"
#include <algorithm>

using namespace qopt;

/// A task's text, without a byte order mark, checked.
static std::string readText(const std::string &path) {
  const MappedFile file(path);
  std::string_view text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
  // Without a byte order mark, UTF-16 shows by the zeros beside its ASCII characters.
  const std::string_view beginning = text.substr(0, 4);
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") ||
      beginning.find('\0') != std::string_view::npos)
    fail("{}: is UTF-16; convert it to UTF-8 (iconv -f UTF-16 -t UTF-8)", path);
  if (text.starts_with("\xef\xbb\xbf"))
    text.remove_prefix(3);
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
    fail("{}: the file is empty", path);
  size_t line = 1;
  for (std::string_view rest = text; !rest.empty();) {
    const Utf8Unit unit = firstUtf8Unit(rest);
    if (unit.kind != Utf8Unit::Valid)
      fail("{}: line {} is not UTF-8; if the file is Latin-1, iconv -f LATIN1 -t UTF-8 converts it",
           path, line);
    line += rest[0] == '\n';
    rest.remove_prefix(unit.length);
  }
  return std::string(text);
}

static std::vector<std::string> splitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    lines.emplace_back(line);
  }
  return lines;
}

std::vector<std::string> qopt::readLines(const std::string &path) {
  return splitLines(readText(path));
}

static std::string placeOf(const std::string &path, size_t line) {
  return fmt::format("{}: line {}", path, line);
}

static std::vector<PlacedRecord> readJsonLines(const std::string &path) {
  std::vector<PlacedRecord> records;
  const std::vector<std::string> lines = readLines(path);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].find_first_not_of(" \t") == std::string::npos)
      continue;
    const std::string place = placeOf(path, i + 1);
    Json value = parseJson(lines[i], place);
    if (!value.is_object())
      fail("{}: is {}, not an object", place, value.type_name());
    records.push_back({std::move(value), place});
  }
  return records;
}

static std::vector<PlacedRecord> readJsonList(const std::string &path, const std::string &at) {
  const Json json = parseJson(readText(path), path);
  const Json *list = &json;
  for (std::string_view rest = at; !rest.empty();) {
    const std::string_view key = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), key.size() + 1));
    if (!list->is_object() || !list->contains(key))
      fail("{}: has no list '{}'", path, at);
    list = &(*list)[key];
  }
  if (!list->is_array() || list->empty())
    fail("{}: {} is no list of records, or an empty one", path, at.empty() ? "it" : at);
  std::vector<PlacedRecord> records;
  for (const Json &value : *list)
    records.push_back({value, fmt::format("{}: record {}", path, records.size() + 1)});
  return records;
}

namespace {

/// A row, and the line that it starts on.
struct Row {
  std::vector<std::string> fields;
  size_t line;
};

/// Rows of a CSV file, one by one.
class CsvReader {
public:
  CsvReader(std::string_view text, const std::string &path) : text(text), path(path) {}

  bool atEnd() const { return text.empty(); }

  Row next() {
    Row row{{}, line};
    do
      row.fields.push_back(field());
    while (takeIf(','));
    takeIf('\r');
    if (!text.empty() && !takeIf('\n'))
      fail("{}: line {}: something follows a closing quote", path, line);
    return row;
  }

private:
  bool takeIf(char c) {
    if (!text.starts_with(c))
      return false;
    line += c == '\n';
    text.remove_prefix(1);
    return true;
  }

  std::string field() {
    if (takeIf('"'))
      return quoted();
    const std::string_view field = text.substr(0, text.find_first_of(",\r\n"));
    text.remove_prefix(field.size());
    return std::string(field);
  }

  /// Up to the closing quote.
  std::string quoted() {
    const size_t opened = line;
    std::string result;
    while (!text.empty()) {
      if (takeIf('"') && !text.starts_with('"'))
        return result;
      result += text[0];
      takeIf(text[0]);
    }
    fail("{}: line {}: a quoted field does not end", path, opened);
  }

  std::string_view text;
  const std::string &path;
  size_t line = 1;
};

} // namespace

static bool isEmpty(const Row &row) { return row.fields.size() == 1 && row.fields[0].empty(); }

static std::vector<Row> readRows(const std::string &path, RecordFormat::Kind kind) {
  const std::string text = readText(path);
  std::vector<Row> rows;
  if (kind == RecordFormat::Csv) {
    CsvReader reader(text, path);
    while (!reader.atEnd())
      rows.push_back(reader.next());
  } else {
    for (std::string &line : splitLines(text)) {
      Row row{{}, rows.size() + 1};
      for (size_t begin = 0; begin != std::string::npos + 1;) {
        const size_t end = line.find('\t', begin);
        row.fields.push_back(line.substr(begin, end - begin));
        begin = end + 1;
      }
      rows.push_back(std::move(row));
    }
  }
  std::erase_if(rows, isEmpty);
  return rows;
}

static std::vector<PlacedRecord> readTable(const std::string &path, const RecordFormat &format) {
  std::vector<Row> rows = readRows(path, format.kind);
  std::vector<std::string> columns = format.columns;
  if (columns.empty()) {
    columns = rows.front().fields;
    rows.erase(rows.begin());
  }
  std::vector<PlacedRecord> records;
  for (const Row &row : rows) {
    const std::string place = placeOf(path, row.line);
    if (row.fields.size() != columns.size())
      fail("{}: has {} fields; {} are expected ({})", place, row.fields.size(), columns.size(),
           fmt::join(columns, ", "));
    Json value = Json::object();
    for (size_t i = 0; i < columns.size(); ++i)
      value[columns[i]] = row.fields[i];
    records.push_back({std::move(value), place});
  }
  return records;
}

static std::vector<PlacedRecord> readLineGroups(const std::string &path,
                                                const std::vector<std::string> &columns) {
  const std::vector<std::string> lines = readLines(path);
  if (lines.size() % columns.size() != 0)
    fail("{}: has {} lines; a record has {} ({})", path, lines.size(), columns.size(),
         fmt::join(columns, ", "));
  std::vector<PlacedRecord> records;
  for (size_t first = 0; first < lines.size(); first += columns.size()) {
    Json value = Json::object();
    for (size_t i = 0; i < columns.size(); ++i)
      value[columns[i]] = lines[first + i];
    records.push_back({std::move(value), placeOf(path, first + 1)});
  }
  return records;
}

std::vector<PlacedRecord> qopt::readRecords(const std::string &path, const RecordFormat &format) {
  switch (format.kind) {
  case RecordFormat::JsonLines:
    return readJsonLines(path);
  case RecordFormat::JsonFile:
    return readJsonList(path, format.records);
  case RecordFormat::Csv:
  case RecordFormat::Tsv:
    return readTable(path, format);
  case RecordFormat::Lines:
    break;
  }
  return readLineGroups(path, format.columns);
}
