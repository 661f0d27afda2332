//===- ComparisonBase.h - what models are compared with ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EVAL_COMPARISONBASE_H
#define QOPT_RUNTIME_EVAL_COMPARISONBASE_H

#include "runtime/eval/LogProbabilityFile.h"
#include "runtime/eval/LogitsSource.h"
#include <limits>

namespace qopt {

/// The log-probabilities that models are compared with.
class ComparisonBase {
public:
  virtual ~ComparisonBase() = default;
  /// Those of the scored tokens of a window, `rows[numScored][vocab]`. Windows are read in order,
  /// each once.
  virtual void read(const Window &window, std::span<double> rows) = 0;
  /// Log-probabilities up to here are not known and do not count.
  virtual double leastKnown() const { return -std::numeric_limits<double>::infinity(); }
};

/// A model that runs; what it says can be kept in a file at the same time.
class ModelBase : public ComparisonBase {
public:
  explicit ModelBase(LogitsSource &model, LogProbabilityWriter *keep = nullptr)
      : model(model), keep(keep) {}
  void read(const Window &window, std::span<double> rows) override;

private:
  LogitsSource &model;
  LogProbabilityWriter *keep;
};

/// A file that was kept earlier, here or by llama.cpp; the windows are its own.
class FileBase : public ComparisonBase {
public:
  explicit FileBase(const LogProbabilityFile &file) : file(file) {}
  void read(const Window &window, std::span<double> rows) override;
  /// llama.cpp's `p_log_base > -16.f`.
  double leastKnown() const override { return -16; }

private:
  const LogProbabilityFile &file;
  size_t nextRow = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_EVAL_COMPARISONBASE_H
