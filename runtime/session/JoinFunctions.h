//===- JoinFunctions.h - several functions as one ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_SESSION_JOINFUNCTIONS_H
#define QOPT_RUNTIME_SESSION_JOINFUNCTIONS_H

#include "runtime/session/BoundFunction.h"

namespace qopt {

/// The launches of several functions of a step, one after the other, where all have the same number
/// of rows: a GPU records them as one graph.
struct JoinedFunction {
  explicit JoinedFunction(std::span<const BoundFunction *const> parts);

  PlanFunction plan;
  std::vector<uint64_t> slots; ///< Those of the parts, which they go on using.
};

} // namespace qopt

#endif // QOPT_RUNTIME_SESSION_JOINFUNCTIONS_H
