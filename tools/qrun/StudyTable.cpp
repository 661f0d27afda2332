//===- StudyTable.cpp - tables of what a study measured -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/StudyTable.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <fnmatch.h>

using namespace qopt;

namespace {

/// A part of a measured document, and what tells it from others.
struct Record {
  StudyNames axes;
  const Json *value;
};

/// One table, line by line; lines and columns without a number are left out.
class TableText {
public:
  TableText(const StudyTable &table, const std::vector<Record> &records);

  std::string text() const;

private:
  struct Line {
    std::vector<std::string> key;
    const Record *first;
    std::map<std::string, const Record *> across;
  };

  std::vector<std::string> titles() const;
  std::vector<std::string> numbers(const Line &line) const;

  const StudyTable &table;
  std::vector<Line> lines;
  std::vector<std::string> acrossValues; ///< In order of appearance.
};

} // namespace

/// The items that a pointer with `*` leads to.
static void collect(const Json &json, const std::string &path, std::vector<const Json *> &found) {
  const size_t star = path.find("/*");
  const Json::json_pointer pointer(path.substr(0, star));
  if (!json.contains(pointer))
    return;
  if (star == std::string::npos)
    return found.push_back(&json[pointer]);
  for (const Json &item : json[pointer])
    collect(item, path.substr(star + 2), found);
}

static std::string asText(const Json &value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

static std::vector<Record> recordsOf(const StudyMeasure &measure, const StudyRecords &records,
                                     std::span<const StudyResult> results) {
  std::vector<Record> found;
  for (const StudyResult &result : results) {
    if (result.json.contains("refused"))
      continue;
    std::vector<const Json *> items;
    collect(result.json["results"][measure.name], records.at, items);
    for (const Json *item : items) {
      StudyNames axes = result.json["axes"].get<StudyNames>();
      axes["model"] = result.model;
      axes["configuration"] = result.json["configuration"].get<std::string>();
      for (const StudyColumn &axis : records.axes)
        if (item->contains(axis.pointer))
          axes[axis.title] = asText((*item)[axis.pointer]);
      found.push_back({std::move(axes), item});
    }
  }
  return found;
}

/// Whether a record has the table's axes, with values that it is about.
static bool belongsTo(const Record &record, const StudyTable &table) {
  auto hasAxis = [&](const std::string &axis) { return record.axes.contains(axis); };
  if (!std::ranges::all_of(table.rows, hasAxis) ||
      (!table.across.empty() && !hasAxis(table.across)))
    return false;
  return std::ranges::all_of(table.only, [&](const auto &entry) {
    const auto value = record.axes.find(entry.first);
    return value != record.axes.end() &&
           std::ranges::any_of(entry.second, [&](const std::string &pattern) {
             return fnmatch(pattern.c_str(), value->second.c_str(), 0) == 0;
           });
  });
}

/// Only those with the last value of the table's axis, model by model.
static void keepLast(const StudyTable &table, std::vector<Record> &records) {
  if (table.last.empty())
    return;
  StudyNames last;
  for (const Record &record : records)
    if (const auto value = record.axes.find(table.last); value != record.axes.end())
      last[record.axes.at("model")] = value->second;
  std::erase_if(records, [&](const Record &record) {
    const auto value = record.axes.find(table.last);
    return value == record.axes.end() || value->second != last[record.axes.at("model")];
  });
}

static std::string number(const Record &record, const Json::json_pointer &pointer, double scale) {
  if (!record.value->contains(pointer) || !(*record.value)[pointer].is_number())
    return "";
  const Json &value = (*record.value)[pointer];
  return value.is_number_integer() && scale == 1
             ? value.dump()
             : fmt::format("{:.6g}", value.get<double>() * scale);
}

TableText::TableText(const StudyTable &table, const std::vector<Record> &records) : table(table) {
  for (const Record &record : records) {
    std::vector<std::string> key = {record.axes.at("model")};
    for (const std::string &axis : table.rows)
      key.push_back(record.axes.at(axis));
    auto line = std::ranges::find(lines, key, &Line::key);
    if (line == lines.end())
      line = lines.insert(line, {std::move(key), &record, {}});
    if (table.across.empty())
      continue;
    const std::string &value = record.axes.at(table.across);
    line->across[value] = &record;
    if (std::ranges::find(acrossValues, value) == acrossValues.end())
      acrossValues.push_back(value);
  }
}

/// Of the columns of numbers.
std::vector<std::string> TableText::titles() const {
  std::vector<std::string> titles;
  for (const StudyColumn &column : table.columns)
    titles.push_back(column.title);
  for (const std::string &value : acrossValues)
    titles.push_back(table.across + " " + value);
  return titles;
}

std::vector<std::string> TableText::numbers(const Line &line) const {
  std::vector<std::string> numbers;
  for (const StudyColumn &column : table.columns)
    numbers.push_back(number(*line.first, column.pointer, 1));
  for (const std::string &value : acrossValues) {
    const auto record = line.across.find(value);
    numbers.push_back(
        record == line.across.end() ? "" : number(*record->second, table.value, table.scale));
  }
  return numbers;
}

std::string TableText::text() const {
  const std::vector<std::string> allTitles = titles();
  std::vector<std::vector<std::string>> body;
  std::vector<bool> hasNumbers(allTitles.size());
  for (const Line &line : lines) {
    body.push_back(numbers(line));
    for (size_t i = 0; i < allTitles.size(); ++i)
      hasNumbers[i] = hasNumbers[i] || !body.back()[i].empty();
  }
  if (std::ranges::find(hasNumbers, true) == hasNumbers.end())
    return "";
  std::string heading = "| model |", rule = "| --- |";
  for (const std::string &axis : table.rows) {
    heading += " " + axis + " |";
    rule += " --- |";
  }
  for (size_t i = 0; i < allTitles.size(); ++i)
    if (hasNumbers[i]) {
      heading += " " + allTitles[i] + " |";
      rule += " ---: |";
    }
  std::string text = "### " + table.title + "\n\n" + heading + "\n" + rule + "\n";
  for (size_t l = 0; l < lines.size(); ++l) {
    if (std::ranges::all_of(body[l], &std::string::empty))
      continue;
    text += fmt::format("| {} |", fmt::join(lines[l].key, " | "));
    for (size_t i = 0; i < allTitles.size(); ++i)
      if (hasNumbers[i])
        text += " " + body[l][i] + " |";
    text += "\n";
  }
  return text;
}

std::string qopt::toMarkdown(const StudyDescription &study, std::span<const StudyResult> results) {
  std::vector<std::string> parts;
  for (const StudyTable &table : study.tables)
    for (const StudyMeasure &measure : study.measures)
      for (const StudyRecords &entry : measure.records) {
        if (entry.name != table.of)
          continue;
        std::vector<Record> records = recordsOf(measure, entry, results);
        std::erase_if(records, [&](const Record &record) { return !belongsTo(record, table); });
        keepLast(table, records);
        parts.push_back(TableText(table, records).text());
      }
  std::string refused;
  for (const StudyResult &result : results)
    if (result.json.contains("refused"))
      refused += fmt::format("\n* {} of {}: {}", result.json["configuration"].get<std::string>(),
                             result.model, result.json["refused"].get<std::string>());
  if (!refused.empty())
    parts.push_back("Not measured:\n" + refused + "\n");
  std::erase(parts, "");
  return fmt::format("{}", fmt::join(parts, "\n"));
}
