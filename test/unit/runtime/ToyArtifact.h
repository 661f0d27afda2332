//===- ToyArtifact.h - an artifact written by hand --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_RUNTIME_TOYARTIFACT_H
#define QOPT_TEST_UNIT_RUNTIME_TOYARTIFACT_H

#include "runtime/formats/Json.h"
#include "test/unit/formats/TestSupport.h"

namespace qopt::test {

/// An artifact directory whose kernels are ToyKernels.c: 1024 tokens, a context of 512, pages of 4
/// tokens. Its logits are a function of the whole history that a test computes by itself.
class ToyArtifact {
public:
  static constexpr int64_t vocabSize = 1024;
  static constexpr int64_t context = 512;
  static constexpr int64_t pageTokens = 4;

  ToyArtifact();

  const std::string &path() const { return dir.path(); }
  std::string file(std::string_view name) const { return dir.path(name); }

  /// The plan; write() after changing it.
  Json plan;
  void write() const;
  /// Writes the weights file with one tensor.
  void writeWeight(std::string_view name, float value) const;

private:
  TempDir dir;
};

/// The logit of `token` after a history of ids, with the toy's weight of 1.
float toyLogit(std::span<const int32_t> history, int32_t token);
/// The likeliest token after a history.
int32_t toyNext(std::span<const int32_t> history);

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_RUNTIME_TOYARTIFACT_H
