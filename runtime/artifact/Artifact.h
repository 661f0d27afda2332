//===- Artifact.h - an opened artifact directory ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_ARTIFACT_H
#define QOPT_RUNTIME_ARTIFACT_ARTIFACT_H

#include "runtime/artifact/GeneratedWeights.h"
#include "runtime/artifact/Plan.h"
#include "runtime/formats/SafetensorsFile.h"

namespace qopt {

/// A weight in host memory. Starts on 64 bytes.
struct WeightView {
  DType dtype;
  std::span<const int64_t> shape;
  std::span<const std::byte> bytes;
};

/// A `model.qmod/`: its plan, and its weights mapped from their file (nothing is read until a
/// kernel does) or generated. Immutable: threads may share it.
class Artifact {
public:
  /// Throws an Error if a file is missing, truncated or of another version, or the weights are not
  /// what the plan says. `threads` generate random weights.
  static Artifact open(const std::string &directory, unsigned threads);
  /// The same, with zeros for random weights: to look at, not to run.
  static Artifact inspect(const std::string &directory);

  const Plan &plan() const { return planData; }
  /// Lets contexts have up to `tokens`, more than the model was trained for. Throws an Error where
  /// positions are learned, or it is no more.
  void raiseContext(int64_t tokens);
  const std::string &directory() const { return path; }
  /// The path of a file in the artifact.
  std::string filePath(std::string_view name) const;

  /// The weight `index` of plan().weights.
  const WeightView &weight(size_t index) const { return views[index]; }
  /// Of all weights.
  uint64_t weightBytes() const;
  /// What generating random weights took; 0 if there are none.
  double generationSeconds() const { return generated.seconds(); }

private:
  explicit Artifact(std::string directory);
  void openWeights();
  WeightView storedView(const PlanWeight &weight) const;

  std::string path;
  Plan planData;
  std::optional<SafetensorsFile> file;
  GeneratedWeights generated;
  std::vector<WeightView> views;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_ARTIFACT_H
