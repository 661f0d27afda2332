//===- TemporaryPath.cpp - unfinished output, removed whatever happens ----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/TemporaryPath.h"
#include <csignal>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <set>
#include <thread>
#include <unistd.h>

using namespace qopt;

namespace {

/// The temporary paths of the process. Never destroyed: a signal may come while it exits.
struct Registry {
  std::mutex mutex;
  std::set<const TemporaryPath *> paths;
};

} // namespace

static Registry &registry() {
  static auto *instance = new Registry;
  return *instance;
}

TemporaryPath::TemporaryPath(const std::string &finalPath)
    : path(fmt::format("{}.tmp.{}", finalPath, getpid())) {
  remove();
  const std::lock_guard lock(registry().mutex);
  registry().paths.insert(this);
}

TemporaryPath::~TemporaryPath() {
  const std::lock_guard lock(registry().mutex);
  registry().paths.erase(this);
  remove();
}

void TemporaryPath::remove() const {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

/// Waits for one of `signals`, then ends the process as it would have without us.
static void endWhenInterrupted(sigset_t signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  // Kept locked: nothing new appears any more.
  registry().mutex.lock();
  for (const TemporaryPath *path : registry().paths)
    path->remove();
  std::signal(signal, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  raise(signal);
}

void qopt::removeTemporariesWhenInterrupted() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // What is ignored (as by nohup) stays so.
    struct sigaction action;
    if (sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&signals, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::thread(endWhenInterrupted, signals).detach();
}
