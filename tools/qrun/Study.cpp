//===- Study.cpp - qrun study ---------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "tools/qrun/RunTool.h"
#include "tools/qrun/StudyTable.h"
#include "tools/qrun/Subcommand.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fnmatch.h>
#include <set>

using namespace qopt;
namespace fs = std::filesystem;

namespace {

struct StudyOptions {
  std::string study;
  std::vector<std::string> models;
  std::string folder;
  std::string text;
  std::string calibrationText; ///< Empty: the same.
  int64_t calibrationTokens = 16384;
  std::vector<std::string> measures; ///< Words for the commands.
  std::string only = "*";            ///< Which configurations, but for the base.
  bool list = false;
  bool tablesOnly = false; ///< Of what has been measured so far.
};

/// One model's configurations, compiled and measured in a folder of its own.
class ModelStudy {
public:
  ModelStudy(const StudyOptions &options, const StudyDescription &study, const std::string &model,
             fs::path folder)
      : options(options), study(study), model(model), folder(std::move(folder)) {}

  /// What an earlier run wrote of the same configuration and commands.
  std::optional<Json> earlier(const StudyConfiguration &configuration) const;
  /// Whether that has all results.
  bool isMeasured(const Json &result) const;
  /// Compiles, measures, and writes the file.
  Json measure(const StudyConfiguration &configuration);
  /// Away with what was compiled last.
  void finish() const { fs::remove_all(folder / "model.qmod"); }

private:
  Json commandsOf(const StudyConfiguration &configuration) const;
  fs::path file(const StudyConfiguration &configuration) const {
    return folder / (configuration.name + ".json");
  }
  std::string profile() const;
  void compile(const std::vector<std::string> &arguments, const fs::path &artifact) const;
  std::string base() const;
  std::string artifact(const StudyConfiguration &configuration);
  Json runCommands(const StudyConfiguration &configuration, const Json &commands);

  const StudyOptions &options;
  const StudyDescription &study;
  const std::string model;
  const fs::path folder;
  std::optional<std::vector<std::string>> compiled; ///< The arguments that model.qmod is of.
};

} // namespace

/// What is to be run, by measure, but for the files that there will be.
Json ModelStudy::commandsOf(const StudyConfiguration &configuration) const {
  StudyNames names = configuration.axes;
  names["text"] = options.text;
  Json commands = Json::object();
  for (const StudyMeasure &measure : study.measures) {
    Json words = Json::array();
    for (const std::string &word : measure.command)
      if (word != "{options}")
        words.push_back(fillNames(word, names));
      else
        for (const std::string &option : options.measures)
          words.push_back(fillNames(option, names));
    commands[measure.name] = std::move(words);
  }
  return commands;
}

std::optional<Json> ModelStudy::earlier(const StudyConfiguration &configuration) const {
  const std::string path = file(configuration).string();
  if (!fs::exists(path))
    return std::nullopt;
  Json result = readJsonFile(path);
  if (!result.is_object() || result.value("model", Json()) != Json(model) ||
      result.value("configuration", Json()) != Json(configuration.name) ||
      result.value("arguments", Json()) != Json(configuration.arguments) ||
      result.value("commands", Json()) != commandsOf(configuration) ||
      result.value("axes", Json()) != Json(configuration.axes))
    fail("{}: is of another model, configuration or other measures; give another --out", path);
  return result;
}

bool ModelStudy::isMeasured(const Json &result) const {
  return std::ranges::all_of(study.measures, [&](const StudyMeasure &measure) {
    return result.contains("results") && result["results"].contains(measure.name);
  });
}

/// Made when a configuration asks for it first.
std::string ModelStudy::profile() const {
  const fs::path path = folder / "profile.safetensors";
  const std::string &text =
      options.calibrationText.empty() ? options.text : options.calibrationText;
  if (!fs::exists(path))
    calibrateModel(model, text, options.calibrationTokens, folder.string(), path.string());
  return path.string();
}

void ModelStudy::compile(const std::vector<std::string> &arguments,
                         const fs::path &artifact) const {
  fs::remove_all(artifact);
  std::vector<std::string> words = {model};
  for (const std::string &argument : arguments)
    words.push_back(argument.find("{profile}") == std::string::npos
                        ? argument
                        : fillNames(argument, {{"profile", profile()}}));
  words.insert(words.end(), {"-o", artifact.string()});
  runTool("qopt", words);
}

std::string ModelStudy::base() const {
  const fs::path path = folder / "base.qmod";
  if (!fs::exists(path))
    compile(study.configurations.front().arguments, path);
  return path.string();
}

std::string ModelStudy::artifact(const StudyConfiguration &configuration) {
  if (study.hasBase && configuration.arguments == study.configurations.front().arguments)
    return base();
  const fs::path path = folder / "model.qmod";
  if (compiled != configuration.arguments) {
    compiled.reset();
    compile(configuration.arguments, path);
    compiled = configuration.arguments;
  }
  return path.string();
}

Json ModelStudy::runCommands(const StudyConfiguration &configuration, const Json &commands) {
  StudyNames files = {{"model", model}};
  if (study.needs("artifact"))
    files["artifact"] = artifact(configuration);
  if (study.needs("base"))
    files["base"] = base();
  Json results = Json::object();
  for (const auto &[name, command] : commands.items()) {
    std::vector<std::string> words;
    for (const Json &word : command)
      words.push_back(fillNames(word.get<std::string>(), files));
    results[name] = parseJson(runTool("qrun", words), "qrun " + words.front());
  }
  return results;
}

/// What one configuration cannot do (a group that divides no row, more tokens than the model's
/// context) is written down, and the others go on; what the first cannot, none can.
Json ModelStudy::measure(const StudyConfiguration &configuration) {
  Json result = {{"configuration", configuration.name},
                 {"model", model},
                 {"axes", configuration.axes},
                 {"arguments", configuration.arguments},
                 {"commands", commandsOf(configuration)}};
  try {
    result["results"] = runCommands(configuration, result["commands"]);
  } catch (const Error &error) {
    if (&configuration == &study.configurations.front())
      throw;
    result["refused"] = error.what();
  }
  writeFile(file(configuration).string(), result.dump(2) + "\n");
  return result;
}

/// The last part of a model's path.
static std::string nameOf(const std::string &model) {
  const fs::path path = fs::path(model).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

static std::vector<StudyResult> measureAll(const StudyOptions &options,
                                           const StudyDescription &study) {
  std::vector<StudyResult> results;
  std::set<std::string> names;
  for (const std::string &model : options.models) {
    const std::string name = nameOf(model);
    if (!names.insert(name).second)
      fail("two models are called {}: their folders in {} would be one", quote(name),
           options.folder);
    const fs::path folder = fs::path(options.folder) / name;
    if (!options.tablesOnly)
      fs::create_directories(folder);
    ModelStudy run(options, study, model, folder);
    size_t done = 0;
    for (const StudyConfiguration &configuration : study.configurations) {
      std::optional<Json> earlier = run.earlier(configuration);
      if (options.tablesOnly) {
        if (earlier)
          results.push_back({name, std::move(*earlier)});
        continue;
      }
      const bool isMeasured = earlier && run.isMeasured(*earlier);
      fmt::print(stderr, "{}: {} of {}: {}{}\n", name, ++done, study.configurations.size(),
                 configuration.name, isMeasured ? ", measured before" : "");
      results.push_back({name, isMeasured ? std::move(*earlier) : run.measure(configuration)});
    }
    if (!options.tablesOnly)
      run.finish();
  }
  return results;
}

/// The description without configurations that are not asked for.
static StudyDescription chosenStudy(const StudyOptions &options) {
  StudyDescription study = findStudy(options.study);
  auto isLeftOut = [&](const StudyConfiguration &configuration) {
    return fnmatch(options.only.c_str(), configuration.name.c_str(), 0) != 0;
  };
  std::vector<StudyConfiguration> &all = study.configurations;
  const auto first = all.begin() + study.hasBase;
  all.erase(std::remove_if(first, all.end(), isLeftOut), all.end());
  if (all.size() == size_t(study.hasBase))
    fail("--only {}: study {} has no such configuration; --list lists them", quote(options.only),
         quote(options.study));
  return study;
}

static void runStudy(const StudyOptions &options) {
  const StudyDescription study = chosenStudy(options);
  if (options.list) {
    std::printf("%s\n", study.about.c_str());
    for (const StudyConfiguration &configuration : study.configurations)
      std::printf("%-28s %s\n", configuration.name.c_str(),
                  fmt::format("{}", fmt::join(configuration.arguments, " ")).c_str());
    return;
  }
  if (options.models.empty() || options.folder.empty())
    fail("a study needs the folder of a checkpoint and --out FOLDER");
  if (options.text.empty() && (study.needs("text") || study.needs("profile")))
    fail("study {} needs --text FILE to measure on", quote(options.study));
  const std::vector<StudyResult> results = measureAll(options, study);
  if (results.empty())
    fail("{}: nothing has been measured so far", options.folder);
  const std::string tables = toMarkdown(study, results);
  if (!options.tablesOnly)
    writeFile((fs::path(options.folder) / "table.md").string(), study.about + "\n\n" + tables);
  std::fputs(tables.c_str(), stdout);
}

void qopt::addStudyCommand(CLI::App &app) {
  auto options = std::make_shared<StudyOptions>();
  CLI::App *command = app.add_subcommand("study", "Compile models in many ways, and compare them");
  command
      ->add_option("study", options->study,
                   "weights, kv-tables, kv-memory, one-tensor, throughput or FILE.json")
      ->required();
  command->add_option("models", options->models, "Checkpoints, as qopt takes them");
  command->add_option("--out", options->folder,
                      "Folder for table.md, and for a JSON file of each configuration in a folder "
                      "of each model; what is there already is not measured again");
  command->add_option("--text", options->text, "Text file to measure on");
  command->add_option("--calibrate-on", options->calibrationText,
                      "Text file for calibration (default: that of --text)");
  command->add_option("--calibration-tokens", options->calibrationTokens, "Tokens of it")
      ->check(CLI::Range(64, 1 << 24))
      ->capture_default_str();
  command
      ->add_option("--measure", options->measures,
                   "More options of the commands that measure, each word by itself: "
                   "--measure=--windows --measure=20")
      ->allow_extra_args(false);
  command
      ->add_option("--only", options->only,
                   "Only configurations whose name matches, and what they are compared with")
      ->capture_default_str();
  command->add_flag("--list", options->list, "Print the configurations");
  command->add_flag("--tables", options->tablesOnly,
                    "Print the tables of what has been measured so far, and measure nothing");
  command->footer("Example: qrun study weights model/ --out results --text heldout.txt "
                  "--measure=--tasks --measure=mmlu --measure=--data --measure=mmlu/");
  command->callback([options] { runStudy(*options); });
}
