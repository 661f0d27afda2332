//===- CalibrationProfile.h - a profile of this model -----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_CALIBRATIONPROFILE_H
#define QOPT_PASSES_QUANTIZATION_CALIBRATIONPROFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "runtime/calibration/Profile.h"

namespace qopt {

/// Profiles over fewer tokens say nothing about a model.
inline constexpr int64_t kLeastCalibrationTokens = 512;

/// Whether --instrument has put observations into the module.
bool isObserved(mlir::ModuleOp module);

/// Opens a profile for a pass on `module`. Throws an Error if the file is no profile, is of too few
/// tokens, or was recorded from another model than `module` is at this point: one that was smoothed
/// since has other activations. A module that observes is the model that --instrument saw.
Profile openProfile(const std::string &path, mlir::ModuleOp module);

/// The same, but if `module` was smoothed with a profile, one of the model before that.
Profile openProfileOfOriginal(const std::string &path, mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_CALIBRATIONPROFILE_H
