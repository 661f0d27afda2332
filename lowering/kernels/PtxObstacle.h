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

/// The same for products of int8 activations: tensor cores add all of a row before it is scaled.
std::string ptxIntegerObstacle(q::SchemeAttr weight, q::SchemeAttr x);

/// Why no PTX kernel quantizes activations by this scheme, with the scale given or not.
std::string ptxQuantizeObstacle(q::SchemeAttr scheme, bool isGiven);

} // namespace qopt::kernel

#endif // QOPT_LOWERING_KERNELS_PTXOBSTACLE_H
