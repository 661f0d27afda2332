//===- ExponentialFit.h - the polynomial of SAS -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_EXPONENTIALFIT_H
#define QOPT_LOWERING_KERNELS_EXPONENTIALFIT_H

#include "llvm/ADT/SmallVector.h"

namespace qopt::kernel {

/// The coefficients of the polynomial of `degree` that is nearest to e^-t on [0, 1] in the mean
/// square, of t^0 first.
llvm::SmallVector<double> fitExponential(int64_t degree);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_EXPONENTIALFIT_H
