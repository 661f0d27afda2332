//===- ChildProcess.cpp - another program, run to its end -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/ChildProcess.h"

#include "runtime/formats/Error.h"
#include <cerrno>
#include <cstring>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace qopt;

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

ChildResult qopt::runChild(const std::vector<std::string> &words, ChildOutput output) {
  int ends[2];
  if (pipe(ends) != 0)
    fail("cannot run {}: {}", words[0], strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(
      &actions, output == ChildOutput::ToErrors ? STDERR_FILENO : ends[1], STDOUT_FILENO);
  if (output == ChildOutput::ReadWithErrors)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  posix_spawn_file_actions_addclose(&actions, ends[1]);
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t id = -1;
  int error = posix_spawnp(&id, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    fail("cannot run {}: {}", words[0], strerror(error));
  }
  ChildResult result{0, readAll(ends[0])};
  while (waitpid(id, &result.status, 0) < 0 && errno == EINTR) {
  }
  return result;
}
