//===- Ptxas.cpp - runs ptxas where there is one --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/Ptxas.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace qopt;

std::optional<std::string> qopt::findPtxas() {
  const char *variable = getenv("PATH");
  std::string_view path = variable ? variable : "";
  while (!path.empty()) {
    std::string_view directory = path.substr(0, path.find(':'));
    path.remove_prefix(std::min(directory.size() + 1, path.size()));
    std::string candidate = fmt::format("{}/ptxas", directory);
    if (!directory.empty() && access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return std::nullopt;
}

namespace {

/// A child process whose output and errors are read.
struct Child {
  pid_t id = -1;
  int output = -1;
};

} // namespace

static Child start(const std::vector<std::string> &words) {
  int ends[2];
  if (pipe(ends) != 0)
    fail("cannot run {}: {}", words[0], strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  Child child = {-1, ends[0]};
  int error =
      posix_spawn(&child.id, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    fail("cannot run {}: {}", words[0], strerror(error));
  }
  return child;
}

static std::string readAll(int descriptor) {
  std::string text;
  char buffer[4096];
  for (ssize_t count; (count = read(descriptor, buffer, sizeof(buffer))) != 0;) {
    if (count > 0)
      text.append(buffer, size_t(count));
    else if (errno != EINTR)
      break;
  }
  close(descriptor);
  return text;
}

std::map<std::string, emulator::KernelResources, std::less<>>
qopt::runPtxas(const std::string &ptxas, const std::string &file, const std::string &chip) {
  Child child = start({ptxas, "-v", "-arch=" + chip, "-o", "/dev/null", file});
  std::string text = readAll(child.output);
  int status = 0;
  while (waitpid(child.id, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    fail("{}: ptxas refuses it for {}: {}", file, chip, quote(text.substr(0, text.find('\n'))));
  return emulator::parsePtxasReport(text);
}
