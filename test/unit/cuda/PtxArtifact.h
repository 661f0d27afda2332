//===- PtxArtifact.h - an artifact with PTX written by hand -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TEST_UNIT_CUDA_PTXARTIFACT_H
#define QOPT_TEST_UNIT_CUDA_PTXARTIFACT_H

#include "runtime/artifact/Artifact.h"
#include "runtime/formats/Json.h"
#include "test/unit/formats/TestSupport.h"

namespace qopt::test {

/// An artifact directory whose kernels are a few lines of PTX: 64 tokens, hidden states of 4
/// elements. The hidden state of a token is its id times the weight, [1, 2, 3, 4]; the logit of
/// token j is the first element of the hidden state plus j.
class PtxArtifact {
public:
  static constexpr int64_t vocabSize = 64;

  PtxArtifact();

  const std::string &path() const { return dir.path(); }

  Json plan;
  std::string ptx;
  /// Writes both; to be called after changing them.
  void write() const;
  /// What opening it on the emulator, or on another library, throws.
  std::string openError(const std::string &library = QOPT_CUDA_EMULATOR) const;

private:
  TempDir dir;
};

} // namespace qopt::test

#endif // QOPT_TEST_UNIT_CUDA_PTXARTIFACT_H
