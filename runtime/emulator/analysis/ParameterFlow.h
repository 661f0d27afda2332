//===- ParameterFlow.h - parameters that addresses come from ----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_ANALYSIS_PARAMETERFLOW_H
#define QOPT_RUNTIME_EMULATOR_ANALYSIS_PARAMETERFLOW_H

#include "runtime/emulator/ptx/Syntax.h"

namespace qopt::emulator {

/// For each register of a kernel the parameters that its value is computed from, wherever it is
/// assigned. What memory holds comes from no parameter.
class ParameterFlow {
public:
  /// A bit for each of the first 64 parameters.
  using Set = uint64_t;

  explicit ParameterFlow(const ptx::Function &kernel);

  Set sources(const ptx::Operand &operand) const;

private:
  const ptx::Function &kernel;
  std::vector<Set> registers;
};

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_ANALYSIS_PARAMETERFLOW_H
