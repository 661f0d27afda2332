//===- StudyDescription.cpp - what a study compiles and measures ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/StudyDescription.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "tools/qrun/BuiltinStudies.h"
#include <algorithm>
#include <set>

using namespace qopt;

std::string qopt::fillNames(std::string text, const StudyNames &values) {
  for (const auto &[name, value] : values)
    for (size_t at = 0; (at = text.find("{" + name + "}", at)) != std::string::npos;
         at += value.size())
      text.replace(at, name.size() + 2, value);
  return text;
}

bool StudyDescription::needs(const std::string &name) const {
  auto hasName = [&](const std::string &word) {
    return word.find("{" + name + "}") != std::string::npos;
  };
  return std::ranges::any_of(
             measures,
             [&](const auto &measure) { return std::ranges::any_of(measure.command, hasName); }) ||
         std::ranges::any_of(configurations, [&](const auto &configuration) {
           return std::ranges::any_of(configuration.arguments, hasName);
         });
}

/// For a file's name.
static std::string plain(std::string text) {
  for (char &c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_')
      c = '-';
  return text;
}

/// All combinations of the values of a grid's axes, the last axis fastest; values may have those of
/// axes before theirs.
static std::vector<StudyNames> pointsOf(const JsonObject &grid) {
  const JsonObject values = grid.object("values");
  std::vector<StudyNames> points = {{}};
  for (const std::string &axis : grid.stringList("axes")) {
    std::vector<StudyNames> longer;
    for (const StudyNames &point : points)
      for (const std::string &value : values.stringList(axis)) {
        longer.push_back(point);
        longer.back()[axis] = fillNames(value, point);
      }
    points = std::move(longer);
  }
  return points;
}

static void addGrid(const JsonObject &grid, std::vector<StudyConfiguration> &configurations) {
  const std::string name = grid.string("name");
  for (StudyNames &point : pointsOf(grid)) {
    StudyConfiguration configuration{plain(fillNames(name, point)), {}, {}};
    for (const std::string &argument : grid.stringList("arguments"))
      configuration.arguments.push_back(fillNames(argument, point));
    configuration.axes = std::move(point);
    configurations.push_back(std::move(configuration));
  }
}

static Json::json_pointer parsePointer(const JsonObject &json, std::string_view key,
                                       const std::string &text) {
  try {
    return Json::json_pointer(text);
  } catch (const Json::parse_error &) {
    json.failAt(key, "has " + quote(text) + ", which is no JSON pointer");
  }
}

/// Titles and pointers in turn, from the `first` word on.
static std::vector<StudyColumn> parseColumns(const JsonObject &json, std::string_view key,
                                             size_t first = 0) {
  const std::vector<std::string> words = json.stringList(key);
  if ((words.size() - std::min(words.size(), first)) % 2 != 0)
    json.failAt(key, "must alternate titles and JSON pointers");
  std::vector<StudyColumn> columns;
  for (size_t i = first; i + 1 < words.size(); i += 2)
    columns.push_back({words[i], parsePointer(json, key, words[i + 1])});
  return columns;
}

static StudyMeasure parseMeasure(const JsonObject &json, const std::string &name) {
  StudyMeasure measure{name, json.stringList("command"), {}};
  if (measure.command.empty())
    json.failAt("command", "must be a list of words");
  const JsonObject records = json.object("records");
  for (const auto &[title, value] : records.json().items()) {
    const std::vector<std::string> words = records.stringList(title);
    if (words.empty())
      records.failAt(title, "must be a JSON pointer, and axes with theirs");
    parsePointer(records, title, words[0]);
    measure.records.push_back({title, words[0], parseColumns(records, title, 1)});
  }
  return measure;
}

static StudyTable parseTable(const JsonObject &json) {
  StudyTable table;
  table.title = json.string("title");
  table.of = json.string("of");
  table.rows = json.stringList("rows");
  table.columns = parseColumns(json, "columns");
  table.across = json.optionalString("across").value_or("");
  if (!table.across.empty())
    table.value = parsePointer(json, "value", json.string("value"));
  table.scale = json.optionalNumber("scale", 1e-18, 1e18).value_or(1);
  table.last = json.optionalString("last").value_or("");
  if (const std::optional<JsonObject> only = json.optionalObject("only"))
    for (const auto &[axis, patterns] : only->json().items())
      table.only[axis] = only->stringList(axis);
  return table;
}

/// The items of a list of objects; a list that is not there is empty.
static std::vector<JsonObject> objectsOf(const JsonObject &json, const std::string &key) {
  std::vector<JsonObject> objects;
  const Json &value = json.json();
  if (!value.contains(key))
    return objects;
  if (!value[key].is_array())
    json.failAt(key, "must be a list of objects");
  for (const Json &item : value[key])
    objects.emplace_back(item, json.file(), key);
  return objects;
}

static StudyDescription parseStudy(const Json &value, const std::string &name,
                                   const std::string &file) {
  const JsonObject json(value, file);
  StudyDescription study{name, json.string("about"), false, {}, {}, {}};
  if (const std::optional<JsonObject> base = json.optionalObject("base")) {
    study.hasBase = true;
    study.configurations.push_back({base->string("name"), {}, base->stringList("arguments")});
  }
  for (const JsonObject &grid : objectsOf(json, "grids"))
    addGrid(grid, study.configurations);
  std::set<std::string> names;
  for (const StudyConfiguration &configuration : study.configurations)
    if (!names.insert(configuration.name).second)
      json.failAt("grids", "name two configurations '" + configuration.name + "'");
  if (study.configurations.size() == size_t(study.hasBase))
    json.failAt("grids", "have no configuration");
  const JsonObject measures = json.object("measures");
  std::set<std::string> records;
  for (const auto &[title, measure] : measures.json().items()) {
    study.measures.push_back(parseMeasure(measures.object(title), title));
    for (const StudyRecords &entry : study.measures.back().records)
      if (!records.insert(entry.name).second)
        json.failAt("measures", "name two kinds of records '" + entry.name + "'");
  }
  if (study.needs("base") && !study.hasBase)
    json.failAt("base", "is missing, and commands have {base}");
  for (const JsonObject &table : objectsOf(json, "tables")) {
    study.tables.push_back(parseTable(table));
    if (!records.contains(study.tables.back().of))
      table.failAt("of", "is " + quote(study.tables.back().of) + ", which no measure has");
  }
  return study;
}

StudyDescription qopt::findStudy(const std::string &name) {
  if (name.ends_with(".json"))
    return parseStudy(readJsonFile(name), name, name);
  std::vector<std::string_view> names;
  for (const BuiltinStudy &study : builtinStudies()) {
    if (study.name == name)
      return parseStudy(parseJson(study.json, name + ".json"), name, name + ".json");
    names.push_back(study.name);
  }
  fail("there is no study {}; there are {}, and descriptions of your own (FILE.json)", quote(name),
       fmt::join(names, ", "));
}
