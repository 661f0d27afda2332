//===- Study.cpp - qrun study ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "tools/qrun/ChildProcess.h"
#include "tools/qrun/StudyDescription.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

struct StudyOptions {
  std::string study;
  std::string model;
  std::string folder;
  std::vector<std::string> measures; ///< Options of compare.
  bool list = false;
};

/// The programs, and the folder of results.
struct StudyRun {
  const StudyOptions &options;
  std::string qrun;
  std::string qopt;

  fs::path file(const std::string &name) const { return fs::path(options.folder) / name; }
};

} // namespace

/// What a program prints; what it complains of goes to the standard error. Throws an Error if it
/// fails.
static std::string outputOf(const std::vector<std::string> &words) {
  auto [status, output] = runChild(words);
  if (status != 0)
    fail("{} {} ended with status {}", words[0], words[1], status);
  return output;
}

static void compile(const StudyRun &run, const std::vector<std::string> &arguments,
                    const fs::path &artifact) {
  fs::remove_all(artifact);
  std::vector<std::string> words = {run.qopt, run.options.model};
  words.insert(words.end(), arguments.begin(), arguments.end());
  words.insert(words.end(), {"-o", artifact.string()});
  outputOf(words);
}

/// Compiles one configuration, compares it with the base, and writes both models' numbers. One that
/// qopt refuses (a group that divides no row) is written down as such: the others go on.
static Json measure(const StudyRun &run, const StudyConfiguration &configuration) {
  const fs::path base = run.file("base.qmod"), artifact = run.file(configuration.name + ".qmod");
  if (!fs::exists(base))
    compile(run, {}, base);
  Json result = {{"configuration", configuration.name},
                 {"arguments", configuration.arguments},
                 {"measures", run.options.measures},
                 {"base", Json::object()},
                 {"model", Json::object()}};
  try {
    compile(run, configuration.arguments, artifact);
  } catch (const Error &error) {
    result["refused"] = error.what();
  }
  if (!result.contains("refused")) {
    std::vector<std::string> words = {run.qrun, "compare", base.string(), artifact.string(),
                                      "--json"};
    words.insert(words.end(), run.options.measures.begin(), run.options.measures.end());
    const Json comparison = parseJson(outputOf(words), "qrun compare");
    fs::remove_all(artifact);
    result["base"] = comparison["models"][0];
    result["model"] = comparison["models"][1];
  }
  writeFile(run.file(configuration.name + ".json").string(), result.dump(2) + "\n");
  return result;
}

/// What an earlier run has of the same configuration and measures.
static std::optional<Json> earlierResult(const StudyRun &run,
                                         const StudyConfiguration &configuration) {
  const fs::path path = run.file(configuration.name + ".json");
  if (!fs::exists(path))
    return std::nullopt;
  Json result = readJsonFile(path.string());
  if (!result.is_object() || result.value("arguments", Json()) != Json(configuration.arguments) ||
      result.value("measures", Json()) != Json(run.options.measures) || !result.contains("model") ||
      !result.contains("base"))
    fail("{}: is of another configuration or other measures; give another --out", path.string());
  return result;
}

static std::string tableRow(const StudyDescription &study, const std::string &name,
                            const Json &model) {
  std::string row = "| " + name + " |";
  for (const StudyColumn &column : study.columns) {
    const bool has = model.contains(column.pointer) && model[column.pointer].is_number();
    row += has ? fmt::format(" {:.6g} |", model[column.pointer].get<double>()) : "  |";
  }
  return row + "\n";
}

static std::string tableOf(const StudyDescription &study, const std::vector<Json> &results) {
  std::string text = "| configuration |", rule = "| --- |";
  for (const StudyColumn &column : study.columns) {
    text += " " + column.title + " |";
    rule += " ---: |";
  }
  text += "\n" + rule + "\n";
  const auto measured =
      std::ranges::find_if(results, [](const Json &result) { return !result["base"].empty(); });
  if (measured != results.end())
    text += tableRow(study, "base", (*measured)["base"]);
  for (const Json &result : results)
    text += tableRow(study,
                     result["configuration"].get<std::string>() +
                         (result.contains("refused") ? " (qopt refuses it)" : ""),
                     result["model"]);
  return text;
}

/// qopt lies beside qrun, or on the PATH.
static StudyRun findPrograms(const StudyOptions &options) {
  const fs::path self = fs::read_symlink("/proc/self/exe");
  const fs::path beside = self.parent_path() / "qopt";
  return {options, self.string(), fs::exists(beside) ? beside.string() : "qopt"};
}

static void runStudy(const StudyOptions &options) {
  const StudyDescription study = findStudy(options.study);
  if (options.list) {
    std::printf("%s\n", study.about.c_str());
    for (const StudyConfiguration &configuration : study.configurations)
      std::printf("%-28s %s\n", configuration.name.c_str(),
                  fmt::format("{}", fmt::join(configuration.arguments, " ")).c_str());
    return;
  }
  if (options.model.empty() || options.folder.empty())
    fail("a study needs the folder of a checkpoint and --out FOLDER");
  fs::create_directories(options.folder);
  const StudyRun run = findPrograms(options);
  std::vector<Json> results;
  for (const StudyConfiguration &configuration : study.configurations) {
    std::optional<Json> earlier = earlierResult(run, configuration);
    fmt::print(stderr, "{} of {}: {}{}\n", results.size() + 1, study.configurations.size(),
               configuration.name, earlier ? ", measured before" : "");
    results.push_back(earlier ? std::move(*earlier) : measure(run, configuration));
  }
  const std::string table = tableOf(study, results);
  writeFile(run.file("table.md").string(), study.about + "\n\n" + table);
  std::fputs(table.c_str(), stdout);
}

void qopt::addStudyCommand(CLI::App &app) {
  auto options = std::make_shared<StudyOptions>();
  CLI::App *command = app.add_subcommand("study", "Compile a model in many ways, and compare them");
  command->add_option("study", options->study, "weights, one-tensor or FILE.json")->required();
  command->add_option("model", options->model, "The checkpoint's folder, as qopt takes it");
  command->add_option("--out", options->folder,
                      "Folder for a JSON file of each configuration and table.md; what is there "
                      "already is not measured again");
  command
      ->add_option("--measure", options->measures,
                   "Options of qrun compare, each word by itself: --measure=--text "
                   "--measure=heldout.txt")
      ->allow_extra_args(false);
  command->add_flag("--list", options->list, "Print the configurations");
  command->footer("Example: qrun study weights model/ --out results --measure=--text "
                  "--measure=heldout.txt");
  command->callback([options] { runStudy(*options); });
}
