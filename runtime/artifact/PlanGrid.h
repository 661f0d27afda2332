//===- PlanGrid.h - numbers that follow the step ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANGRID_H
#define QOPT_RUNTIME_ARTIFACT_PLANGRID_H

#include "runtime/artifact/Plan.h"
#include "runtime/artifact/PlanObject.h"

namespace qopt {

/// The "grid" of a launch: one to three factors. Throws an Error naming one that is none.
std::vector<GridFactor> readGrid(const PlanObject &launch);
/// The "sizes" of a tensor map, likewise.
std::vector<GridFactor> readSizes(const PlanObject &map);

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANGRID_H
