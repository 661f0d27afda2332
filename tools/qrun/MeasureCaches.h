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

/// Measures each mode for the keys and the values of each layer alone, and for all together, on
/// every token of `windows`, through append and attention, against `base`, whose caches are
/// uncompressed. `qopt` compiles the IR in `artifact`, which is that of `base`, with different
/// modes in different layers. `progress` learns how many of how many measurements are done. Throws
/// Error.
CacheSensitivities measureCaches(const std::string &artifact, const Model &base,
                                 const ModelOptions &options, std::span<const CacheMode> modes,
                                 std::span<const Window> windows,
                                 const std::function<void(size_t done, size_t total)> &progress);

} // namespace qopt

#endif // QOPT_TOOLS_QRUN_MEASURECACHES_H
