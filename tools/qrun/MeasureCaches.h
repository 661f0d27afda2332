//===- MeasureCaches.h - sensitivities of compressed caches -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QRUN_MEASURECACHES_H
#define QOPT_TOOLS_QRUN_MEASURECACHES_H

#include "runtime/calibration/CacheSensitivity.h"
#include "runtime/eval/Window.h"
#include "tools/qrun/CacheMode.h"
#include "tools/qrun/Model.h"
#include <functional>

namespace qopt {

/// Of keys, of values, and of both everywhere.
inline constexpr size_t kMeasurementsOfMode = 3;

/// Measures each mode for the keys and the values of each layer alone, and for all together, on
/// every token of `windows`, through append and attention, against `base`, whose caches are
/// uncompressed. `qopt` compiles the IR in `artifact`, which is that of `base`, with different
/// modes in different layers; modes that need a profile, whose numbers are a layer's own, with
/// `profile`. `progress` learns how many measurements are done, of three for each mode. Throws
/// Error.
CacheSensitivities measureCaches(const std::string &artifact, const Model &base,
                                 const ModelOptions &options, std::span<const CacheMode> modes,
                                 const std::string &profile, std::span<const Window> windows,
                                 const std::function<void(size_t done)> &progress);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_MEASURECACHES_H
