//===- PtxObstacle.h - codes that PTX kernels read --------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_KERNELS_PTXOBSTACLE_H
#define QOPT_LOWERING_KERNELS_PTXOBSTACLE_H

#include "dialects/q/Q.h"
#include <string>

namespace qopt::kernel {

/// Why no PTX kernel reads weights in codes of this scheme; empty if one does. Groups are multiples
/// of 32 codes, so that 16 bytes of 4-bit codes lie in one.
std::string ptxObstacle(q::SchemeAttr scheme);

/// The same for products of codes of activations with those of weights, `columns` of each in a row.
std::string ptxProductObstacle(q::SchemeAttr weight, q::SchemeAttr x, int64_t columns);

/// Why no PTX kernel quantizes activations by this scheme, with the scale given or not.
std::string ptxQuantizeObstacle(q::SchemeAttr scheme, bool isGiven);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_PTXOBSTACLE_H
