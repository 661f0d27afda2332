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
#include "runtime/session/Scorer.h"
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
  /// For scores: the tokens whose probabilities are wanted, one for each from `firstLogits` on;
  /// where there are none, those of token 0.
  std::span<const int32_t> targets = {};
};

/// The result for one token that was fed. The views are valid during the callback.
struct TokenResult {
  SequenceId sequence;
  int64_t position;              ///< Of the token in its sequence.
  std::span<const float> logits; ///< [vocab_size] of the next token; all finite.
};

/// What a token's logits say of the next one; valid during the callback.
struct TokenScore {
  SequenceId sequence;
  int64_t position; ///< Of the token in its sequence.
  RowScore score;
  int32_t target;
  const BoundFunction *head; ///< Which has the logits,
  int64_t row;               ///< in this row of its result.

  /// Of any token; other logits than the target's are looked up one by one.
  double logProbability(int32_t token) const;
};

/// Runs a model over sequences of different lengths at once; their keys and values live in a paged
/// cache. On the CPU, a token's result does not depend on what else is in the batch, nor on the
/// chunk.
class Session {
public:
  using Callback = std::function<void(const TokenResult &)>;
  using ScoreCallback = std::function<void(const TokenScore &)>;
  /// Receives the next token of each sequence; returns whether all go on.
  using GreedyCallback = std::function<bool(std::span<const int32_t>)>;
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

  /// The same with scores in place of logits. Where the device computes them, nothing else is
  /// copied from it, and the logarithm of a sum is within 2e-6 of that of float64; elsewhere they
  /// are LogSoftmax's.
  void score(std::span<const Feed> feeds, const ScoreCallback &callback);

  /// Whether decodeGreedily() can run this many sequences at once.
  bool canDecodeGreedily(size_t sequences) const;
  /// Appends one token to each of `feeds`, and then up to `maxSteps - 1` times the likeliest next
  /// one, as long as `callback` says so. A step reads its tokens where the one before has left them
  /// and begins before these have reached the host; where they end something, it is taken back. The
  /// last tokens that the callback sees have not been appended.
  void decodeGreedily(std::span<const Feed> feeds, int64_t maxSteps,
                      const GreedyCallback &callback);

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
    int32_t target;
  };
  /// A head, and what scores its logits where the device does.
  struct Head {
    BoundFunction *function;
    Scorer *scorer;
  };
  /// Takes over after a head's run over some rows.
  using HeadCallback = std::function<void(Head, std::span<const WantedRow>)>;

  void checkFeeds(std::span<const Feed> feeds) const;
  void runSteps(std::span<const Feed> feeds, const HeadCallback &callback);
  void runBody();
  void runHeads(std::span<const WantedRow> wanted, const HeadCallback &callback);
  Head headFor(int64_t rows) const;
  void visitLogits(BoundFunction &head, std::span<const WantedRow> rows, const Callback &callback);
  void beginGreedyStep(Scorer &scorer, std::span<const Feed> feeds, bool isFirst);

  const Plan &plan;
  Device &device;
  int64_t contextTokens;
  int64_t chunkRows;
  KvCache kvCache;
  RopeTable ropeTable;
  StepInputs inputs;
  std::unique_ptr<DeviceBuffer> hidden; ///< The result of prefill and decode alike.
  std::unique_ptr<BoundFunction> prefill, decode, prefillHead, decodeHead;
  std::unique_ptr<Scorer> prefillScorer, decodeScorer; ///< Where the device has a score.
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_SESSION_H
