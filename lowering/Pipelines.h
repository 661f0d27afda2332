//===- Pipelines.h - from a model to its kernels ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_PIPELINES_H
#define QOPT_LOWERING_PIPELINES_H

namespace qopt {

/// Registers the passes of `lowering` and its pipelines.
void registerLowering();

} // namespace qopt

#endif // QOPT_LOWERING_PIPELINES_H
