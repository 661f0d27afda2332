//===- TaskDescription.cpp - a task, described ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TaskDescription.h"
#include "runtime/eval/tasks/BuiltinTasks.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <set>

using namespace qopt;

std::vector<std::string> TextList::expand(const TaskRecord &record, const WordMaps &maps) const {
  std::vector<std::string> texts;
  for (const TextTemplate &text : templates)
    texts.push_back(text.expand(record, maps));
  if (each) {
    const Json &items = record.list(*each);
    for (size_t i = 0; i < items.size(); ++i)
      texts.push_back(item.expand(record.with("item", items[i], i), maps));
  }
  return texts;
}

static RecordFormat parseFormat(const JsonObject &json) {
  const std::string name = json.optionalString("format").value_or("jsonl");
  static const std::map<std::string, RecordFormat::Kind> kinds = {
      {"jsonl", RecordFormat::JsonLines},
      {"json", RecordFormat::JsonFile},
      {"csv", RecordFormat::Csv},
      {"tsv", RecordFormat::Tsv},
      {"lines", RecordFormat::Lines}};
  const auto kind = kinds.find(name);
  if (kind == kinds.end())
    json.failAt("format", "must be jsonl, json, csv, tsv or lines");
  RecordFormat format{kind->second, {}, json.optionalString("records").value_or("")};
  if (json.has("columns"))
    format.columns = json.stringList("columns");
  if (format.kind == RecordFormat::Lines && format.columns.empty())
    json.failAt("columns", "must name the lines of a record");
  return format;
}

static TextTemplate parseTemplate(const JsonObject &json, std::string_view key) {
  return TextTemplate(json.string(key), json.file());
}

static std::optional<TextTemplate> optionalTemplate(const JsonObject &json, std::string_view key) {
  return json.has(key) ? std::optional(parseTemplate(json, key)) : std::nullopt;
}

static std::optional<TextList> optionalTextList(const JsonObject &json, std::string_view key) {
  if (!json.has(key))
    return std::nullopt;
  TextList list;
  if (json.json().at(key).is_array()) {
    for (const std::string &text : json.stringList(key))
      list.templates.emplace_back(text, json.file());
    return list;
  }
  const JsonObject object = json.object(key);
  list.each = object.string("each");
  list.item = TextTemplate(object.optionalString("text").value_or("{}"), json.file());
  return list;
}

static std::map<std::string, std::string> stringMap(const JsonObject &json) {
  std::map<std::string, std::string> map;
  for (const auto &[key, value] : json.json().items())
    map[key] = json.string(key);
  return map;
}

static TaskForm parseForm(const JsonObject &json) {
  TaskForm form;
  form.files = json.stringList("files");
  form.format = parseFormat(json);
  if (auto beside = json.optionalObject("beside"))
    form.beside = stringMap(*beside);
  if (json.has("for")) {
    const std::vector<std::string> lists = json.stringList("for");
    if (lists.size() % 2 != 0)
      json.failAt("for", "must alternate names and paths of lists");
    for (size_t i = 0; i < lists.size(); i += 2)
      form.lists.emplace_back(lists[i], lists[i + 1]);
  }
  form.query = optionalTemplate(json, "query").value_or(TextTemplate());
  form.queryFilter = json.optionalString("query_filter").value_or("");
  form.delimiter = json.optionalString("delimiter").value_or(form.delimiter);
  form.choices = optionalTextList(json, "choices");
  form.contexts = optionalTextList(json, "contexts");
  form.continuation = optionalTemplate(json, "continuation");
  form.gold = optionalTemplate(json, "gold");
  form.labels = optionalTextList(json, "labels");
  form.target = optionalTemplate(json, "target");
  form.answers = optionalTextList(json, "answers");
  form.prefix = optionalTemplate(json, "prefix").value_or(TextTemplate());
  form.shots = json.optionalString("shots");
  form.separator = json.optionalString("separator").value_or(form.separator);
  form.isGrouped = json.optionalBoolean("grouped").value_or(true);
  form.ownFields = json.optionalBoolean("own_fields").value_or(false);
  return form;
}

static TaskKind parseKind(const JsonObject &json) {
  const std::string name = json.optionalString("kind").value_or("choice");
  if (name == "choice")
    return TaskKind::Choice;
  if (name == "target")
    return TaskKind::Target;
  if (name == "generate")
    return TaskKind::Generate;
  json.failAt("kind", "must be choice, target or generate");
}

/// What every question of a kind is made of.
static void checkForm(const JsonObject &json, TaskKind kind, const TaskForm &form) {
  if (form.files.empty())
    json.failAt("files", "names no file");
  if (kind == TaskKind::Target && !form.target)
    json.failAt("target", "must say what follows the query");
  if (kind == TaskKind::Generate && !form.answers)
    json.failAt("answers", "must say what is right");
  if (kind != TaskKind::Choice)
    return;
  if (!form.choices && !(form.contexts && form.continuation))
    json.failAt("choices", "must be there, or 'contexts' and 'continuation'");
  if (!form.gold && !form.answers)
    json.failAt("gold", "must say which choice is right");
}

static void checkKeys(const JsonObject &json) {
  static const std::set<std::string> known = {
      "about",        "answers",   "beside",     "choices",   "columns", "contexts",
      "continuation", "delimiter", "files",      "for",       "format",  "gold",
      "grouped",      "kind",      "labels",     "letters",   "like",    "maps",
      "max_tokens",   "metrics",   "own_fields", "prefix",    "query",   "query_filter",
      "records",      "samples",   "seed",       "separator", "shots",   "shots_default",
      "sources",      "stop",      "target"};
  for (const auto &[key, value] : json.json().items())
    if (!known.contains(key))
      json.failAt(key, "is no key of a task description");
}

static TaskDescription parseTask(const Json &value, const std::string &name,
                                 const std::string &file);

/// `like` takes over what another task has, but for the keys that are given.
static Json withBase(const Json &value, const std::string &file) {
  if (!value.is_object() || !value.contains("like"))
    return value;
  const std::string base = JsonObject(value, file).string("like");
  for (const BuiltinTask &task : builtinTasks())
    if (task.name == base) {
      Json merged = parseJson(task.json, base + ".json");
      merged.update(value);
      merged.erase("like");
      return merged;
    }
  fail("{}: is like {}, which is no built-in task", file, quote(base));
}

static TaskDescription parseTask(const Json &value, const std::string &name,
                                 const std::string &file) {
  const JsonObject json(value, file);
  checkKeys(json);
  TaskDescription task;
  task.name = name;
  task.about = json.optionalString("about").value_or("");
  task.kind = parseKind(json);
  task.hasLetters = json.optionalBoolean("letters").value_or(false);
  for (const std::string &metric : json.stringList("metrics"))
    task.metrics.push_back(parseTaskMetric(metric, task.kind, file));
  if (auto maps = json.optionalObject("maps"))
    for (const auto &[key, map] : maps->json().items())
      task.maps[key] = stringMap(maps->object(key));
  if (json.has("stop"))
    task.stop = json.stringList("stop");
  task.maxTokens = json.optionalInteger("max_tokens", 1, 1 << 20).value_or(64);
  task.shots = json.optionalInteger("shots_default", 0, 100);
  task.samples = json.optionalInteger("samples", 1, int64_t(1) << 31);
  if (auto seed = json.optionalInteger("seed", 0, std::numeric_limits<int64_t>::max()))
    task.seed = uint64_t(*seed);

  // A source adds to, or replaces, what the task says.
  Json common = value;
  common.erase("sources");
  const Json sources = value.contains("sources") ? value["sources"] : Json::array({Json::object()});
  if (!sources.is_array() || sources.empty())
    json.failAt("sources", "must be a list of objects");
  for (const Json &source : sources) {
    Json merged = common;
    merged.update(JsonObject(source, file, "sources").json());
    const JsonObject form(merged, file);
    checkKeys(form);
    task.forms.push_back(parseForm(form));
    checkForm(form, task.kind, task.forms.back());
  }
  return task;
}

std::vector<std::string> qopt::builtinTaskNames() {
  std::vector<std::string> names;
  for (const BuiltinTask &task : builtinTasks())
    names.emplace_back(task.name);
  return names;
}

/// What the first question of a file of questions shows.
static Json describeQuestions(const std::string &path) {
  const Json first = readRecords(path, {}).front().value;
  Json task = {{"query", "{query}"}, {"own_fields", true}, {"files", Json::array({path})}};
  if (first.contains("contexts"))
    task.update({{"contexts", {{"each", "contexts"}}},
                 {"continuation", "{continuation}"},
                 {"gold", "{gold}"},
                 {"metrics", {"acc"}}});
  else if (first.contains("target"))
    task.update({{"kind", "target"}, {"target", "{target}"}, {"metrics", {"acc", "perplexity"}}});
  else if (first.contains("answers"))
    task.update({{"kind", "generate"},
                 {"answers", {{"each", "answers"}}},
                 {"stop", {"\n"}},
                 {"metrics", {"exact_match", "f1"}}});
  else
    task.update(
        {{"choices", {{"each", "choices"}}}, {"gold", "{gold}"}, {"metrics", {"acc", "acc_norm"}}});
  return task;
}

/// "dir/name.json" without folder and ending.
static std::string stemOf(const std::string &path) {
  const size_t begin = path.rfind('/') + 1; // 0 where there is none.
  return path.substr(begin, path.rfind('.') - begin);
}

TaskDescription qopt::findTask(const std::string &name) {
  if (name.ends_with(".jsonl"))
    return parseTask(describeQuestions(name), stemOf(name), name);
  if (name.ends_with(".json"))
    return parseTask(withBase(readJsonFile(name), name), stemOf(name), name);
  for (const BuiltinTask &task : builtinTasks())
    if (task.name == name) {
      const std::string file = name + ".json";
      return parseTask(withBase(parseJson(task.json, file), file), name, file);
    }
  fail("there is no task {}; there are {}, and descriptions (FILE.json) or questions (FILE.jsonl) "
       "of your own",
       quote(name), fmt::join(builtinTaskNames(), ", "));
}
