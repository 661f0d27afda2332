//===- ActivationObserver.h - who looks at activations ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_DEVICE_ACTIVATIONOBSERVER_H
#define QOPT_RUNTIME_DEVICE_ACTIVATIONOBSERVER_H

#include "runtime/artifact/Plan.h"

namespace qopt {

/// Sees the rows that a plan has observed (kernel.observe), as the model computes them.
class ActivationObserver {
public:
  virtual ~ActivationObserver() = default;
  /// `rows` rows of a step, `observation.stride` elements apart. Not called by two threads at once;
  /// the rows are gone afterwards.
  virtual void observe(const PlanObservation &observation, const float *values,
                       int64_t rows) noexcept = 0;
};

} // namespace qopt

#endif // QOPT_RUNTIME_DEVICE_ACTIVATIONOBSERVER_H
