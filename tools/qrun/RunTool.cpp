//===- RunTool.cpp - qopt and qrun, run by qrun ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/RunTool.h"

#include "runtime/formats/Error.h"
#include "tools/qrun/ChildProcess.h"
#include <filesystem>
#include <fmt/ranges.h>
#include <sys/wait.h>

using namespace qopt;
namespace fs = std::filesystem;

static std::string findTool(const std::string &name) {
  std::error_code error;
  const fs::path beside = fs::read_symlink("/proc/self/exe", error).parent_path() / name;
  return fs::exists(beside, error) ? beside.string() : name;
}

std::string qopt::runTool(const std::string &name, const std::vector<std::string> &arguments,
                          Remarks remarks) {
  std::vector<std::string> words = {findTool(name)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> errors;
  auto [status, output] = runChild(words, ChildOutput::Read, [&](std::string_view line) {
    static constexpr std::string_view mark = "error: ";
    if (const size_t at = line.find(mark); at != std::string_view::npos)
      errors.emplace_back(line.substr(at + mark.size()));
    else if (remarks == Remarks::Shown || line.find("remark: ") == std::string_view::npos)
      fmt::print(stderr, "{}\n", line);
  });
  const std::string &what = arguments.front();
  if (WIFSIGNALED(status))
    fail("{} {} was ended by signal {}", name, what, WTERMSIG(status));
  if (status != 0)
    fail("{} {}: {}", name, what,
         errors.empty() ? fmt::format("ended with status {}", WEXITSTATUS(status))
                        : fmt::format("{}", fmt::join(errors, "; ")));
  return output;
}

void qopt::compileModel(const std::string &model, const std::vector<std::string> &passes,
                        const std::string &pipeline, const std::string &artifact) {
  std::vector<std::string> words = {model};
  words.insert(words.end(), passes.begin(), passes.end());
  words.insert(words.end(), {"--default-pipeline=" + pipeline, "-o", artifact});
  runTool("qopt", words, Remarks::Dropped);
}

std::string qopt::hostPipeline(const std::string &cpuLevel) {
  return "targets=cpu cpu-levels=" + (cpuLevel.empty() ? "host" : cpuLevel);
}

void qopt::calibrateModel(const std::string &model, const std::string &text, int64_t tokens,
                          const std::string &folder, const std::string &profile) {
  const fs::path observed = fs::path(folder) / "observed.qmod";
  compileModel(model, {"--instrument"}, hostPipeline(""), observed.string());
  runTool("qrun", {"calibrate", observed.string(), "--data", text, "--tokens",
                   std::to_string(tokens), "-o", profile});
  fs::remove_all(observed);
}
