//===- Pipelines.cpp - from a model to its kernels ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/Pipelines.h"
#include "lowering/cpu/Passes.h"
#include "lowering/kernels/Passes.h"

void qopt::registerLowering() {
  registerKernelsPasses();
  registerCpuPasses();
}
