//===- TaskEvaluation.cpp - a model's answers to tasks --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/TaskEvaluation.h"
#include "runtime/formats/Error.h"
#include "tools/qrun/CountProgress.h"
#include "tools/qrun/PositiveNumber.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>

using namespace qopt;

CLI::Option *TaskOptions::addTo(CLI::App &command, const std::string &name) {
  CLI::Option *task =
      command
          .add_option(name, names,
                      "Tasks, separated by commas: " +
                          fmt::format("{}", fmt::join(builtinTaskNames(), ", ")) +
                          "; or FILE.jsonl with questions, FILE.json with a description")
          ->delimiter(',')
          ->allow_extra_args(false);
  auto add = [&](const char *flags, auto &value, const char *help) {
    return command.add_option(flags, value, help)->needs(task);
  };
  add("--data", data,
      "Folders with the tasks' files, or with a folder for each task, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false);
  add("--shots", shots, "Examples before each question (default: what the task says, or none)")
      ->check(CLI::Range(0, 100));
  add("--samples", samples, "Questions of each task (default: what the task says, or all)")
      ->check(positiveNumber);
  add("--seed", seed, "Shuffle the questions first, as Python's random.Random(SEED).shuffle");
  add("--method", methods,
      "direct (the letters' likelihoods), generate (the first letter of one token) or both, for "
      "tasks with letters")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"direct", "generate"}))
      ->capture_default_str();
  add("--results", resultsFile, "Append every outcome to this file, and go on from what it has");
  command.add_flag("!--no-sharing", share, "Evaluate prefixes that questions share for each")
      ->needs(task);
  add("--sequences", maxSequences, "Sequences at a time, which changes no result")
      ->check(CLI::Range(int(PrefixTree::maxDepth), 4096))
      ->capture_default_str();
  return task;
}

/// Of the weights, by samples, and of what is asked: the same run has the same outcomes.
static uint64_t hashRun(const Model &model, const PreparedTask &task) {
  uint64_t hash = hashBytes(model.plan().recipe);
  for (size_t i = 0; i < model.plan().weights.size(); ++i) {
    const std::span<const std::byte> bytes = model.artifact().weight(i).bytes;
    const std::string_view text(reinterpret_cast<const char *>(bytes.data()), bytes.size());
    constexpr size_t samples = 16, length = 64;
    for (size_t s = 0; s < samples; ++s)
      hash = hashBytes(text.substr(text.size() / samples * s, length), hash);
    hash = hashBytes(std::to_string(text.size()), hash);
  }
  hash = hashBytes(task.description.name, hash);
  for (const Window &window : task.windows) {
    const auto bytes = std::as_bytes(std::span(window.tokens));
    hash = hashBytes({reinterpret_cast<const char *>(bytes.data()), bytes.size()}, hash);
    hash = hashBytes(std::to_string(window.firstScored), hash);
  }
  return hash;
}

static std::vector<TaskMetric> metricsOf(const TaskDescription &task, const TaskOptions &options) {
  auto isAsked = [&](const char *method) {
    return std::ranges::find(options.methods, method) != options.methods.end();
  };
  std::vector<TaskMetric> metrics;
  if (isAsked("direct") || !task.hasLetters)
    metrics = task.metrics;
  if (isAsked("generate") && task.hasLetters)
    metrics.push_back(TaskMetric::AccGenerated);
  if (isAsked("generate") && !isAsked("direct") && !task.hasLetters)
    fail("task {} has no letters to generate; --method direct is all it can do", task.name);
  return metrics;
}

static TaskReport evaluateTask(const Model &model, const TaskOptions &options, int64_t stepRows,
                               const AskedTask &asked, ResultLog *log) {
  const std::vector<TaskMetric> metrics = metricsOf(asked.task, options);
  const int64_t context = model.plan().config.maxPosition;
  PreparedTask prepared =
      prepareTask(asked.task, asked.questions, model.tokenizer(), context, model.threads());
  Session session(model.plan(), model.device(), {prepared.longest, stepRows, options.maxSequences});
  TaskRunOptions run{options.share, options.maxSequences, stepRows, model.endTokens(), log, 0};
  if (log)
    run.run = hashRun(model, prepared);
  CountProgress progress(prepared.description.name, "questions", prepared.questions.size());
  TaskReport report;
  report.run =
      runTask(prepared, session, model.tokenizer(), run, [&](size_t done) { progress.show(done); });
  report.options = asked.options;
  report.truncated = prepared.truncated;
  report.context = context;
  report.task = std::move(prepared.description);
  report.questions = std::move(prepared.questions);
  for (TaskMetric metric : metrics)
    report.metrics.push_back(
        measureMetric(metric, report.task.kind, report.questions, report.run.outcomes));
  return report;
}

std::vector<AskedTask> qopt::readTasks(const TaskOptions &options) {
  std::vector<AskedTask> tasks;
  for (const std::string &name : options.names) {
    TaskDescription task = findTask(name);
    const QuestionOptions asked{options.shots ? *options.shots : task.shots.value_or(0),
                                options.samples ? *options.samples : task.samples.value_or(0),
                                options.seed ? options.seed : task.seed};
    metricsOf(task, options);
    std::vector<Question> questions = readQuestions(task, options.data, asked);
    tasks.push_back({std::move(task), asked, std::move(questions)});
  }
  return tasks;
}

std::vector<TaskReport> qopt::evaluateTasks(const Model &model, const TaskOptions &options,
                                            std::span<const AskedTask> tasks, int64_t stepRows) {
  std::optional<ResultLog> log;
  if (!options.resultsFile.empty())
    log.emplace(options.resultsFile);
  std::vector<TaskReport> reports;
  for (const AskedTask &task : tasks)
    reports.push_back(evaluateTask(model, options, stepRows, task, log ? &*log : nullptr));
  return reports;
}
