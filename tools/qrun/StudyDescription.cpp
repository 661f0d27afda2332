//===- StudyDescription.cpp - which configurations a study compares -------===//
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

using Names = std::map<std::string, std::string>;

/// `text` with the value of an axis for each `{axis}`.
static std::string fill(std::string text, const Names &values) {
  for (const auto &[axis, value] : values)
    for (size_t at = 0; (at = text.find("{" + axis + "}", at)) != std::string::npos;
         at += value.size())
      text.replace(at, axis.size() + 2, value);
  return text;
}

/// For a file's name.
static std::string plain(std::string text) {
  for (char &c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_')
      c = '-';
  return text;
}

static void addGrid(const JsonObject &grid, std::vector<StudyConfiguration> &configurations) {
  const std::vector<std::string> axes = grid.stringList("axes");
  const std::vector<std::string> arguments = grid.stringList("arguments");
  const std::string name = grid.string("name");
  const JsonObject values = grid.object("values");
  std::vector<Names> points = {{}};
  for (const std::string &axis : axes) {
    std::vector<Names> longer;
    for (const Names &point : points)
      for (const std::string &value : values.stringList(axis)) {
        longer.push_back(point);
        longer.back()[axis] = value;
      }
    points = std::move(longer);
  }
  for (const Names &point : points) {
    configurations.push_back({plain(fill(name, point)), {}});
    for (const std::string &argument : arguments)
      configurations.back().arguments.push_back(fill(argument, point));
  }
}

static StudyDescription parseStudy(const Json &value, const std::string &name,
                                   const std::string &file) {
  const JsonObject json(value, file);
  StudyDescription study{name, json.string("about"), {}, {}};
  if (!value.contains("grids") || !value["grids"].is_array())
    json.failAt("grids", "must be a list of objects");
  for (const Json &grid : value["grids"])
    addGrid(JsonObject(grid, file, "grids"), study.configurations);
  std::set<std::string> names = {"base"};
  for (const StudyConfiguration &configuration : study.configurations)
    if (!names.insert(configuration.name).second)
      json.failAt("grids", "name two configurations '" + configuration.name + "'");
  const std::vector<std::string> columns = json.stringList("columns");
  if (columns.size() % 2 != 0)
    json.failAt("columns", "must alternate titles and JSON pointers");
  for (size_t i = 0; i < columns.size(); i += 2)
    try {
      study.columns.push_back({columns[i], Json::json_pointer(columns[i + 1])});
    } catch (const Json::parse_error &) {
      json.failAt("columns", "has " + quote(columns[i + 1]) + ", which is no JSON pointer");
    }
  if (study.configurations.empty())
    json.failAt("grids", "have no configuration");
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
