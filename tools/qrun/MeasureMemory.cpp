//===- MeasureMemory.cpp - the memory that a model takes -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/MeasureMemory.h"
#include "runtime/formats/Error.h"
#include "runtime/session/Session.h"
#include "tools/qrun/Model.h"
#include "tools/qrun/PeakMemory.h"
#include <algorithm>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace qopt;

namespace {

/// What became resident since the last call.
class Growth {
public:
  uint64_t next() {
    const uint64_t now = residentMemoryBytes(), grown = now > last ? now - last : 0;
    last = now;
    return grown;
  }

private:
  uint64_t last = residentMemoryBytes();
};

} // namespace

/// Reads a byte of every page of the weights.
static void touchWeights(const Artifact &artifact) {
  volatile std::byte sink{};
  for (size_t i = 0; i < artifact.plan().weights.size(); ++i)
    for (size_t at = 0; at < artifact.weight(i).bytes.size(); at += 4096)
      sink = artifact.weight(i).bytes[at];
  (void)sink;
}

/// A token for every row of a step that ends with the full context.
static void runSteps(Session &session, std::span<const SequenceId> sequences, int64_t context,
                     int64_t chunk) {
  const std::vector<int32_t> tokens(size_t(chunk), 0);
  auto feed = [&](SequenceId sequence, int64_t count) {
    const Feed one{sequence, std::span(tokens).first(size_t(count)), 0};
    session.run(std::span(&one, 1), [](const TokenResult &) {});
  };
  const int64_t rows = std::min(chunk, context - 1);
  session.truncate(sequences.front(), context - 1 - rows);
  feed(sequences.front(), rows);
  feed(sequences.front(), 1);
}

static MeasuredMemory measureHere(const std::string &path, int64_t context, int64_t batch,
                                  int64_t chunk) {
  ModelOptions options;
  options.threads = 1;
  MeasuredMemory measured{};
  Growth growth;
  const Model model(path, options, TokenizerUse::None);
  touchWeights(model.artifact());
  measured.weights = growth.next();
  Session session(model.plan(), model.device(), {context, chunk, batch});
  std::vector<SequenceId> sequences;
  for (int64_t i = 0; i < batch; ++i) {
    sequences.push_back(session.addSequence());
    session.extendAtRandom(sequences.back(), context);
  }
  measured.cache = growth.next();
  runSteps(session, sequences, context, chunk);
  measured.activations = growth.next();
  return measured;
}

MeasuredMemory qopt::measureMemory(const std::string &path, int64_t context, int64_t batch,
                                   int64_t chunk) {
  // A process that has run nothing else, whose memory is gone afterwards.
  int ends[2];
  if (pipe(ends) != 0)
    fail("{}: the memory cannot be measured: no pipe", path);
  const pid_t child = fork();
  if (child < 0)
    fail("{}: the memory cannot be measured: no process", path);
  if (child == 0) {
    try {
      const MeasuredMemory measured = measureHere(path, context, batch, chunk);
      const bool isWhole = write(ends[1], &measured, sizeof(measured)) == sizeof(measured);
      _exit(isWhole ? 0 : 1);
    } catch (const std::exception &error) {
      fmt::print(stderr, "error: {}\n", error.what());
      std::fflush(stderr);
    }
    _exit(1);
  }
  close(ends[1]);
  MeasuredMemory measured{};
  const bool isWhole = read(ends[0], &measured, sizeof(measured)) == sizeof(measured);
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!isWhole)
    fail("{}: a context of {} tokens for {} sequences could not be run", path, context, batch);
  return measured;
}
