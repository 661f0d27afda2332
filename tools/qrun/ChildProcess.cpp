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
#include <thread>
#include <unistd.h>

using namespace qopt;

namespace {

/// A pipe, whose ends are closed with it.
class Pipe {
public:
  Pipe() {
    if (pipe(ends) != 0)
      fail("no pipe for another program: {}", strerror(errno));
  }
  ~Pipe() {
    closeEnd(0);
    closeEnd(1);
  }
  Pipe(const Pipe &) = delete;

  int readEnd() const { return ends[0]; }
  int writeEnd() const { return ends[1]; }
  /// Lets readers see the end once the child has gone.
  void closeWriteEnd() { closeEnd(1); }

private:
  void closeEnd(size_t index) {
    if (ends[index] >= 0)
      close(ends[index]);
    ends[index] = -1;
  }

  int ends[2];
};

/// The file descriptors that a child begins with.
class SpawnActions {
public:
  SpawnActions() { posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { posix_spawn_file_actions_destroy(&actions); }
  SpawnActions(const SpawnActions &) = delete;

  void redirect(int from, int to) { posix_spawn_file_actions_adddup2(&actions, from, to); }
  void close(const Pipe &pipe) {
    posix_spawn_file_actions_addclose(&actions, pipe.readEnd());
    posix_spawn_file_actions_addclose(&actions, pipe.writeEnd());
  }
  const posix_spawn_file_actions_t *get() const { return &actions; }

private:
  posix_spawn_file_actions_t actions;
};

} // namespace

/// Calls `onText` with what comes, until the other end is closed.
static void readFrom(int descriptor, const std::function<void(std::string_view)> &onText) {
  char buffer[4096];
  for (ssize_t count; (count = read(descriptor, buffer, sizeof(buffer))) != 0;) {
    if (count > 0)
      onText(std::string_view(buffer, size_t(count)));
    else if (errno != EINTR)
      break;
  }
}

static void readLinesFrom(int descriptor, const LineCallback &onLine) {
  std::string open;
  readFrom(descriptor, [&](std::string_view text) {
    for (size_t end; (end = text.find('\n')) != std::string_view::npos;
         text.remove_prefix(end + 1)) {
      open += text.substr(0, end);
      onLine(open);
      open.clear();
    }
    open += text;
  });
  if (!open.empty())
    onLine(open);
}

static pid_t spawn(const std::vector<std::string> &words, const SpawnActions &actions) {
  std::vector<char *> arguments;
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t id = -1;
  if (const int error =
          posix_spawnp(&id, words[0].c_str(), actions.get(), nullptr, arguments.data(), environ))
    fail("cannot run {}: {}", words[0], strerror(error));
  return id;
}

ChildResult qopt::runChild(const std::vector<std::string> &words, ChildOutput output,
                           const LineCallback &onErrorLine) {
  Pipe standard, errors;
  SpawnActions actions;
  actions.redirect(output == ChildOutput::ToErrors ? STDERR_FILENO : standard.writeEnd(),
                   STDOUT_FILENO);
  if (onErrorLine)
    actions.redirect(errors.writeEnd(), STDERR_FILENO);
  else if (output == ChildOutput::ReadWithErrors)
    actions.redirect(standard.writeEnd(), STDERR_FILENO);
  actions.close(standard);
  actions.close(errors);
  const pid_t id = spawn(words, actions);
  standard.closeWriteEnd();
  errors.closeWriteEnd();

  ChildResult result{0, ""};
  {
    const std::jthread errorReader([&] {
      if (onErrorLine)
        readLinesFrom(errors.readEnd(), onErrorLine);
    });
    readFrom(standard.readEnd(), [&](std::string_view text) { result.output += text; });
  }
  while (waitpid(id, &result.status, 0) < 0 && errno == EINTR) {
  }
  return result;
}
