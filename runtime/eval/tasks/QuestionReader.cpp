//===- QuestionReader.cpp - a task's questions, from its files ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/QuestionReader.h"
#include "runtime/eval/tasks/PythonRandom.h"
#include "runtime/eval/tasks/TextFilter.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <charconv>
#include <filesystem>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

/// A file of a task, and what stands for the * of its pattern.
struct TaskFile {
  std::string path;
  std::string group;
};

/// Makes questions from the records of one form.
class QuestionMaker {
public:
  QuestionMaker(const TaskDescription &task, const TaskForm &form) : task(task), form(form) {}

  /// Those of a record, which may hold several.
  void make(const TaskRecord &record, const std::string &group, std::vector<Question> &questions);

private:
  void makeNested(const TaskRecord &record, size_t list, const std::string &group,
                  std::vector<Question> &questions);
  Question makeOne(const TaskRecord &record, const std::string &group) const;
  size_t goldOf(const TaskRecord &record, size_t numChoices) const;
  void checkChoices(const TaskRecord &record, const Question &question) const;

  const TaskDescription &task;
  const TaskForm &form;
};

} // namespace

size_t QuestionMaker::goldOf(const TaskRecord &record, size_t numChoices) const {
  const std::string gold = form.gold->expand(record, task.maps);
  if (form.labels) {
    const std::vector<std::string> labels = form.labels->expand(record, task.maps);
    const auto found = std::ranges::find(labels, gold);
    if (found == labels.end() || size_t(found - labels.begin()) >= numChoices)
      fail("{}: the right answer is {}; the choices are {}", record.place(), quote(gold),
           fmt::join(labels, ", "));
    return size_t(found - labels.begin());
  }
  size_t number = 0;
  const auto [end, error] = std::from_chars(gold.data(), gold.data() + gold.size(), number);
  if (error != std::errc() || end != gold.data() + gold.size() || number >= numChoices)
    fail("{}: the right answer is {}; there are {} choices, numbered from 0", record.place(),
         quote(gold), numChoices);
  return number;
}

void QuestionMaker::checkChoices(const TaskRecord &record, const Question &question) const {
  const size_t count = std::max(question.continuations.size(), question.contexts.size());
  if (count < 2)
    fail("{}: has {} choice{}; a question needs two at least", record.place(), count,
         count == 1 ? "" : "s");
  for (size_t i = 0; i < question.continuations.size(); ++i)
    if (question.continuations[i].empty() || (form.choices && question.choices[i].empty()))
      fail("{}: choice {} is empty", record.place(), i);
}

Question QuestionMaker::makeOne(const TaskRecord &record, const std::string &group) const {
  Question question;
  question.group = group;
  std::string delimiter = form.delimiter;
  if (form.ownFields && record.at("").is_object()) {
    const JsonObject own(record.at(""), record.place());
    delimiter = own.optionalString("delimiter").value_or(delimiter);
    question.group = own.optionalString("group").value_or(group);
  }
  if (form.contexts)
    question.contexts = form.contexts->expand(record, task.maps);
  else
    question.contexts = {form.query.expand(record, task.maps)};
  if (!form.queryFilter.empty())
    for (std::string &context : question.contexts)
      context = applyFilter(form.queryFilter, "", std::move(context));
  if (form.answers)
    question.answers = form.answers->expand(record, task.maps);

  if (task.kind == TaskKind::Target) {
    question.continuations = {delimiter + form.target->expand(record, task.maps)};
    if (question.continuations[0].empty())
      fail("{}: the target is empty", record.place());
  } else if (task.kind == TaskKind::Choice) {
    if (form.continuation)
      question.choices.assign(question.contexts.size(),
                              form.continuation->expand(record, task.maps));
    else
      question.choices = form.choices->expand(record, task.maps);
    for (const std::string &choice : question.choices)
      question.continuations.push_back(delimiter + choice);
    checkChoices(record, question);
    if (form.gold)
      question.gold = goldOf(record, question.choices.size());
  } else if (question.answers.empty()) {
    fail("{}: has no answer", record.place());
  }
  return question;
}

void QuestionMaker::makeNested(const TaskRecord &record, size_t list, const std::string &group,
                               std::vector<Question> &questions) {
  if (list == form.lists.size()) {
    questions.push_back(makeOne(record, group));
    return;
  }
  const auto &[name, path] = form.lists[list];
  const Json &items = record.list(path);
  for (size_t i = 0; i < items.size(); ++i)
    makeNested(record.with(name, items[i], i), list + 1, group, questions);
}

void QuestionMaker::make(const TaskRecord &record, const std::string &group,
                         std::vector<Question> &questions) {
  makeNested(record, 0, group, questions);
}

/// Files that a pattern with at most one * in its last part names, sorted.
static std::vector<TaskFile> matchPattern(const fs::path &folder, const std::string &pattern) {
  const fs::path path = folder / pattern;
  const std::string name = path.filename().string();
  const size_t star = name.find('*');
  std::vector<TaskFile> files;
  if (star == std::string::npos) {
    if (fs::is_regular_file(path))
      files.push_back({path.string(), ""});
    return files;
  }
  const std::string before = name.substr(0, star), after = name.substr(star + 1);
  std::error_code error;
  for (const fs::directory_entry &entry : fs::directory_iterator(path.parent_path(), error)) {
    const std::string file = entry.path().filename().string();
    if (file.size() >= before.size() + after.size() && file.starts_with(before) &&
        file.ends_with(after))
      files.push_back({entry.path().string(),
                       file.substr(before.size(), file.size() - before.size() - after.size())});
  }
  std::ranges::sort(files, {}, &TaskFile::group);
  return files;
}

/// The form whose files are there, those files, and the folder they are in.
struct FoundForm {
  const TaskForm *form;
  std::vector<TaskFile> files;
  fs::path folder;
};

static FoundForm findForm(const TaskDescription &task, std::span<const std::string> data) {
  // A file of questions is named by itself.
  const std::string here;
  if (data.empty())
    data = std::span(&here, 1);
  std::vector<std::string> expected;
  for (const TaskForm &form : task.forms)
    for (const std::string &pattern : form.files) {
      for (const std::string &base : data)
        for (const fs::path &folder : {fs::path(base), fs::path(base) / task.name})
          if (std::vector<TaskFile> files = matchPattern(folder, pattern); !files.empty())
            return {&form, std::move(files), folder};
      expected.push_back(pattern);
    }
  if (data.data() == &here)
    fail("task {} needs --data FOLDER with {}", task.name, fmt::join(expected, " or "));
  for (const std::string &base : data)
    if (!fs::is_directory(base))
      fail("{}: is no folder; task {} is read from one with {}", base, task.name,
           fmt::join(expected, " or "));
  fail("{}: has no file that task {} is read from: {}", fmt::join(data, ", "), task.name,
       fmt::join(expected, " or "));
}

/// Adds the lines of other files to the records as fields.
static void addFieldsBeside(const FoundForm &found, std::vector<PlacedRecord> &records) {
  for (const auto &[field, name] : found.form->beside) {
    const std::string path = (found.folder / name).string();
    const std::vector<std::string> lines = readLines(path);
    if (lines.size() != records.size())
      fail("{}: has {} lines for the {} records of {}", path, lines.size(), records.size(),
           found.files.front().path);
    for (size_t i = 0; i < lines.size(); ++i)
      records[i].value[field] = lines[i];
  }
}

/// Records may name the group of their file.
static std::vector<Question> questionsOfFile(const TaskDescription &task, const FoundForm &found,
                                             const TaskFile &file) {
  std::vector<PlacedRecord> records = readRecords(file.path, found.form->format);
  addFieldsBeside(found, records);
  QuestionMaker maker(task, *found.form);
  std::vector<Question> questions;
  for (const PlacedRecord &record : records)
    maker.make(TaskRecord(record.value, record.place), found.form->isGrouped ? file.group : "",
               questions);
  return questions;
}

/// A question and its answer, as an example.
static std::string exampleOf(const TaskDescription &task, const FoundForm &found,
                             const TaskRecord &record) {
  std::vector<Question> questions;
  QuestionMaker(task, *found.form).make(record, "", questions);
  const Question &question = questions.front();
  if (task.kind == TaskKind::Choice)
    return question.context(question.gold) + question.continuations[question.gold];
  return question.contexts[0] + found.form->delimiter +
         found.form->target->expand(record, task.maps);
}

/// What stands before every question of a group.
static std::string preambleOf(const TaskDescription &task, const FoundForm &found,
                              const std::string &group, int64_t shots) {
  const Json none = Json::object(), name = group;
  std::string text =
      found.form->prefix.expand(TaskRecord(none, task.name).with("group", name, 0), task.maps);
  if (shots == 0)
    return text;
  const TaskForm &form = *found.form;
  if (!form.shots || (task.kind != TaskKind::Choice && !form.target))
    fail("task {} has no examples: --shots 0 is all it can do", task.name);
  std::string path = (found.folder / *form.shots).string();
  if (const size_t star = path.rfind('*'); star != std::string::npos)
    path.replace(star, 1, group);
  const std::vector<PlacedRecord> records = readRecords(path, form.format);
  if (int64_t(records.size()) < shots)
    fail("{}: has {} examples; {} were asked for", path, records.size(), shots);
  for (int64_t i = 0; i < shots; ++i) {
    const PlacedRecord &record = records[size_t(i)];
    text += exampleOf(task, found, TaskRecord(record.value, record.place)) + form.separator;
  }
  return text;
}

std::vector<Question> qopt::readQuestions(const TaskDescription &task,
                                          std::span<const std::string> data,
                                          const QuestionOptions &options) {
  const FoundForm found = findForm(task, data);
  std::vector<Question> questions;
  for (const TaskFile &file : found.files)
    for (Question &question : questionsOfFile(task, found, file))
      questions.push_back(std::move(question));
  if (options.seed)
    PythonRandom(*options.seed).shuffle(questions);
  if (options.samples > 0 && size_t(options.samples) < questions.size())
    questions.resize(size_t(options.samples));

  std::map<std::string, std::string> preambles;
  for (const TaskFile &file : found.files)
    preambles[file.group] = preambleOf(task, found, file.group, options.shots);
  // Questions that name their own group are of a file without one.
  for (Question &question : questions) {
    const auto preamble = preambles.find(question.group);
    const std::string &text =
        preamble != preambles.end() ? preamble->second : preambles.begin()->second;
    for (std::string &context : question.contexts)
      context.insert(0, text);
  }
  return questions;
}
