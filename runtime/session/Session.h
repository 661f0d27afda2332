//===- Session.h - sequences of tokens on a device --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_SESSION_H
#define QOPT_RUNTIME_SESSION_SESSION_H

#include "runtime/session/BoundFunction.h"
#include "runtime/session/KvCache.h"
#include "runtime/session/RopeTable.h"
#include "runtime/session/StepInputs.h"
#include <functional>

namespace qopt {

struct SessionOptions {
  int64_t context = 0;      ///< Tokens of one sequence at most; 0: the model's own limit.
  int64_t chunk = 512;      ///< Rows of one step at most; longer inputs take several steps.
  int64_t maxSequences = 1; ///< At a time.
  ActivationObserver *observer = nullptr; ///< Sees the rows that the plan has observed; outlives.
};

/// Tokens to append to a sequence.
struct Feed {
  SequenceId sequence;
  std::span<const int32_t> tokens;
  /// Logits are wanted from this token of `tokens` on: 0 for all, tokens.size() for none.
  size_t firstLogits;
};

/// The result for one token that was fed. The views are valid during the callback.
struct TokenResult {
  SequenceId sequence;
  int64_t position;              ///< Of the token in its sequence.
  std::span<const float> logits; ///< [vocab_size] of the next token; all finite.
};

/// Runs a model over sequences of different lengths at once; their keys and values live in a paged
/// cache. On the CPU, a token's result does not depend on what else is in the batch, nor on the
/// chunk.
class Session {
public:
  using Callback = std::function<void(const TokenResult &)>;
  /// Rows whose logits are computed at a time, so that those of a large vocabulary stay small.
  static constexpr int64_t maxHeadRows = 64;

  /// Throws an Error if the context is beyond the model's, or the cache of one that was asked for
  /// does not fit into the memory that is free, or memory is refused. The plan and the device must
  /// outlive the session.
  Session(const Plan &plan, Device &device, const SessionOptions &options);

  /// An empty sequence. Throws an Error beyond maxSequences.
  SequenceId addSequence() { return kvCache.add(); }
  /// A new sequence with the same tokens; their pages are shared until one of the two writes.
  SequenceId fork(SequenceId sequence) { return kvCache.fork(sequence); }
  /// Frees its pages, and its id for another one.
  void removeSequence(SequenceId sequence) { kvCache.remove(sequence); }
  /// Appends tokens whose keys and values are random, for measurements.
  void extendAtRandom(SequenceId sequence, int64_t tokens) {
    kvCache.extendAtRandom(sequence, tokens);
  }
  /// Takes back all but the first `tokens` that were fed.
  void truncate(SequenceId sequence, int64_t tokens) { kvCache.truncate(sequence, tokens); }
  /// Tokens fed so far.
  int64_t length(SequenceId sequence) const { return kvCache.length(sequence); }
  /// Tokens a sequence can have.
  int64_t context() const { return contextTokens; }

  /// Appends the tokens of `feeds`, at most one feed a sequence, in as few steps as the chunk
  /// allows, and calls `callback` for each token whose logits are wanted, in the order of the
  /// feeds. Throws an Error, before anything runs, if a token is not in the vocabulary or a
  /// sequence would exceed the context, and after a step if a logit is not finite.
  void run(std::span<const Feed> feeds, const Callback &callback);

  /// What the body computed for a row of the step that ran last (rows are the feeds' tokens in
  /// order): [hidden_size], before the final norm and the head. For tests, on devices whose hidden
  /// states are f32.
  std::span<const float> hiddenRow(int64_t row) const;

  const KvCache &cache() const { return kvCache; }

private:
  /// A row whose logits are wanted.
  struct WantedRow {
    int32_t row;
    SequenceId sequence;
    int64_t position;
  };

  void checkFeeds(std::span<const Feed> feeds) const;
  void runBody();
  void runHeads(std::span<const WantedRow> wanted, const Callback &callback);

  const Plan &plan;
  Device &device;
  int64_t contextTokens;
  int64_t chunkRows;
  KvCache kvCache;
  RopeTable ropeTable;
  StepInputs inputs;
  std::unique_ptr<DeviceBuffer> hidden; ///< The result of prefill and decode alike.
  std::unique_ptr<BoundFunction> prefill, decode, prefillHead, decodeHead;
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_SESSION_H
