//===- CpuFeatures.h - what this machine can execute ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_CPU_CPUFEATURES_H
#define QOPT_RUNTIME_DEVICE_CPU_CPUFEATURES_H

#include <string_view>

namespace qopt {

enum class FeatureState {
  Present,
  Missing, ///< The CPU, or the system it runs under, lacks it.
  Unknown, ///< Not a name this runtime knows.
};

/// Whether this machine has the feature that Linux calls `name` in /proc/cpuinfo: "avx512_vnni".
FeatureState cpuFeature(std::string_view name);

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_CPU_CPUFEATURES_H
