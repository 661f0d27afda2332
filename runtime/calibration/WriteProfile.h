//===- WriteProfile.h - a calibration profile, written ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_WRITEPROFILE_H
#define QOPT_RUNTIME_CALIBRATION_WRITEPROFILE_H

#include "runtime/calibration/InputStatistics.h"
#include "runtime/calibration/Profile.h"

namespace qopt {

/// An input's statistics under the checkpoint names of the weights that it meets.
struct NamedStatistics {
  std::vector<std::string> weights;
  InputStatistics statistics;
};

/// Writes what Profile reads, whole or not at all. Throws Error.
void writeProfile(const std::string &path, const ProfileOrigin &origin,
                  std::span<const NamedStatistics> inputs,
                  const CacheSensitivities &sensitivities = {});

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_WRITEPROFILE_H
