//===- Model.h - an artifact that is ready to run ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_MODEL_H
#define QOPT_TOOLS_QRUN_MODEL_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/Device.h"
#include "runtime/tokenizer/Tokenizer.h"
#include <string>

namespace CLI {
class App;
} // namespace CLI

namespace qopt {

/// The options of every subcommand that runs a model.
struct ModelOptions {
  unsigned threads = 0;       ///< 0: the physical cores that the process may use.
  std::string device = "cpu"; ///< Or "cuda" or "cuda-emu".
  std::string cpuLevel;
  int64_t chunk = 512;
  int64_t maxContext = 0; ///< Beyond what the model was trained for; 0: not.

  /// Adds --device, --threads, --cpu-level, --chunk and --max-context.
  void addTo(CLI::App &command);
};

enum class TokenizerUse : uint8_t { None, Needed };

/// The device that the options name. Throws an Error.
std::unique_ptr<Device> openDevice(const Artifact &artifact, const ModelOptions &options,
                                   unsigned threads);

/// An artifact, the device that runs it, and the tokenizer if it is needed. Throws Error.
class Model {
public:
  Model(const std::string &directory, const ModelOptions &options, TokenizerUse tokenizerUse);

  const Artifact &artifact() const { return *opened; }
  const Plan &plan() const { return opened->plan(); }
  Device &device() const { return *machine; }
  bool isOnCpu() const { return runsOnCpu; }
  unsigned threads() const { return threadCount; }
  /// Only if it was needed.
  const Tokenizer &tokenizer() const { return *loadedTokenizer; }

  /// Ids of a prompt, BOS first if the tokenizer says so. An empty prompt is BOS alone; throws an
  /// Error if there is none.
  std::vector<int32_t> encodePrompt(std::string_view text) const;
  /// The tokens that end a text.
  std::vector<int64_t> endTokens() const;

  /// What opening took, in milliseconds, without generating random weights.
  double loadMilliseconds() const { return loadTime; }

private:
  bool runsOnCpu;
  unsigned threadCount;
  std::optional<Artifact> opened;
  std::unique_ptr<Device> machine;
  std::unique_ptr<Tokenizer> loadedTokenizer;
  double loadTime = 0;
};

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_MODEL_H
