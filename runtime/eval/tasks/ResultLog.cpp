//===- ResultLog.cpp - outcomes, kept as they come ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/ResultLog.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/MappedFile.h"
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

using namespace qopt;

uint64_t qopt::hashBytes(std::string_view bytes, uint64_t hash) {
  for (char byte : bytes)
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  return hash;
}

static uint64_t parseRun(const JsonObject &json) {
  const std::string text = json.string("run");
  uint64_t run = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), run, 16);
  if (error != std::errc() || end != text.data() + text.size())
    json.failAt("run", "is no hash");
  return run;
}

static Outcome parseOutcome(const JsonObject &json) {
  Outcome outcome;
  const Json &list = json.json().value("ll", Json::array());
  if (!list.is_array())
    json.failAt("ll", "is no list");
  for (const Json &value : list) {
    if (!value.is_number())
      json.failAt("ll", "is no list of numbers");
    outcome.logProbabilities.push_back(value.get<double>());
  }
  outcome.isGreedy = json.boolean("greedy");
  outcome.text = json.string("text");
  return outcome;
}

ResultLog::ResultLog(std::string path) : path(std::move(path)) {
  bool endsInLine = true;
  if (std::filesystem::exists(this->path)) {
    const MappedFile old(this->path);
    std::string_view text(reinterpret_cast<const char *>(old.bytes().data()), old.bytes().size());
    endsInLine = text.empty() || text.ends_with('\n');
    for (size_t line = 1; text.find('\n') != std::string_view::npos; ++line) {
      const std::string place = fmt::format("{}: line {}", this->path, line);
      const std::string_view current = text.substr(0, text.find('\n'));
      text.remove_prefix(current.size() + 1);
      if (current.find_first_not_of(' ') == std::string_view::npos)
        continue;
      const Json value = parseJson(current, place);
      const JsonObject json(value, place);
      const int64_t question = json.integer("question", 0, int64_t(1) << 40);
      runs[parseRun(json)][size_t(question)] = parseOutcome(json);
    }
    // What was cut off is written again.
    if (!endsInLine)
      std::filesystem::resize_file(this->path, old.bytes().size() - text.size());
  }
  file.reset(std::fopen(this->path.c_str(), "ab"));
  if (!file)
    fail("{}: cannot be written: {}", this->path, std::strerror(errno));
}

std::map<size_t, Outcome> ResultLog::known(uint64_t run) const {
  const auto found = runs.find(run);
  return found == runs.end() ? std::map<size_t, Outcome>() : found->second;
}

void ResultLog::append(uint64_t run, const std::string &task, size_t question,
                       const Outcome &outcome) {
  const nlohmann::ordered_json json = {{"run", fmt::format("{:016x}", run)},
                                       {"task", task},
                                       {"question", question},
                                       {"ll", outcome.logProbabilities},
                                       {"greedy", outcome.isGreedy},
                                       {"text", outcome.text}};
  runs[run][question] = outcome;
  write(json.dump() + "\n");
}

void ResultLog::write(const std::string &text) {
  if (std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() ||
      std::fflush(file.get()) != 0)
    fail("{}: cannot be written: {}", path, std::strerror(errno));
}
