//===- LogProbabilityFile.h - llama.cpp's base logits -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_LOGPROBABILITYFILE_H
#define QOPT_RUNTIME_EVAL_LOGPROBABILITYFILE_H

#include "runtime/eval/Window.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/MappedFile.h"

namespace qopt {

/// What `llama-perplexity --kl-divergence-base` writes (tools/perplexity/perplexity.cpp): the
/// tokens of a text and, for each scored one, the log-probabilities of the vocabulary in 16 bits.
///
///     "_logits_", int32 ctx, int32 vocab, int32 windows, int32 tokens[windows][ctx]
///     for each token from ctx / 2 + 1 on of each window:
///       float scale, float least, uint16 codes[vocab rounded up to 2]; log p = least + scale code
///
/// All little-endian. Log-probabilities more than 16 below the largest are stored as if they were
/// 16 below it.
class LogProbabilityFile {
public:
  /// Throws an Error if the file is not of this format or has not the size that its counts ask for.
  explicit LogProbabilityFile(const std::string &path);

  int64_t ctx() const { return numContext; }
  int64_t vocabSize() const { return vocab; }
  /// Tokens of all windows, as encoded: the first one of each is not overwritten yet.
  std::span<const int32_t> tokens() const { return allTokens; }
  /// Those of the scored token `row` (counted over all windows); `into` has vocabSize() elements.
  void read(size_t row, std::span<double> into) const;

private:
  MappedFile file;
  int64_t numContext = 0, vocab = 0;
  std::vector<int32_t> allTokens;
  size_t firstRow = 0; ///< Bytes of the file before its rows.
};

/// Writes such a file, as it is computed.
class LogProbabilityWriter {
public:
  /// `tokens` of whole windows of `ctx`. Throws an Error if the file cannot be written.
  LogProbabilityWriter(std::string path, int64_t ctx, int64_t vocabSize,
                       std::span<const int32_t> tokens);
  /// Rows come in the order of the scored tokens.
  void append(std::span<const double> logProbabilities);
  void commit() { file.commit(); }

private:
  AtomicFile file;
  std::vector<uint16_t> row;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_LOGPROBABILITYFILE_H
