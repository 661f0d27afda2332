//===- HfRope.h - rotary positions in config.json ---------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_HFROPE_H
#define QOPT_RUNTIME_FORMATS_HFROPE_H

#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// Sets the rope fields of `config` from `rope_theta` and `rope_scaling`, or from the
/// `rope_parameters` of newer files. Throws an Error for a scaling that is not supported and for
/// statements that contradict each other.
void readHfRope(const JsonObject &object, ModelConfig &config);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_HFROPE_H
