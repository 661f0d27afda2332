//===- CacheSensitivity.h - what compressed caches cost ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_CACHESENSITIVITY_H
#define QOPT_RUNTIME_CALIBRATION_CACHESENSITIVITY_H

#include "runtime/formats/Json.h"
#include <vector>

namespace qopt {

/// What it costs to store the keys, or the values, of one cache in one format, all else being
/// uncompressed: the mean KL divergence, in nats, of the predictions over the calibration text from
/// those with an uncompressed cache.
struct CacheSensitivity {
  std::string cache; ///< "layers.0"
  bool isKey = true;
  std::string mode;   ///< What made the format, as `qrun kv-study --modes` spells it.
  std::string format; ///< CacheFormat's text, with numbers of this cache where it has any.
  double kl = 0;
};

/// The same for all keys and values of a model in one mode.
struct UniformSensitivity {
  std::string mode;
  double kl = 0;
};

/// What `qrun calibrate --kv-sensitivity` measures: every candidate mode for each part of each
/// cache, and for all of them together.
struct CacheSensitivities {
  std::vector<CacheSensitivity> parts;
  std::vector<UniformSensitivity> uniform;

  bool empty() const { return parts.empty(); }
  Json toJson() const;
  /// Throws an Error that names `file` where the JSON is none of toJson's.
  static CacheSensitivities parse(const Json &json, const std::string &file);
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_CACHESENSITIVITY_H
