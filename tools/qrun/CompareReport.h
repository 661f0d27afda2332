//===- CompareReport.h - a comparison as text and as JSON -------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_COMPAREREPORT_H
#define QOPT_TOOLS_QRUN_COMPAREREPORT_H

#include "runtime/eval/Divergence.h"
#include "runtime/formats/Json.h"
#include <optional>
#include <string>
#include <vector>

namespace qopt {

class Model;

struct ComparedModel {
  std::string artifact;
  std::string recipe;
  uint64_t weightBytes;
  std::optional<DivergenceResult> divergence; ///< None for the base.
};

/// The first model is the base.
struct CompareReport {
  std::string convention; ///< "llama.cpp ctx=512 bos"
  int64_t windows = 0;
  std::vector<ComparedModel> models;
};

/// Bytes of the weights that the artifact's kernels read.
uint64_t storedWeightBytes(const Model &model);

/// A table with a row for each model.
std::string toText(const CompareReport &report);
Json toJson(const CompareReport &report);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_COMPAREREPORT_H
