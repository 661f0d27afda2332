//===- Q.h - the quantization dialect ---------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_Q_Q_H
#define QOPT_DIALECTS_Q_Q_H

#include "dialects/llm/Llm.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "runtime/quantization/Scheme.h"

#include "dialects/q/QDialect.h.inc"
#include "dialects/q/QEnums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/q/QAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/q/QOps.h.inc"

namespace qopt::q {

/// Whether products of such codes are sums of integers: int8 by int8 or int4.
bool multipliesAsIntegers(SchemeAttr weight, SchemeAttr x);

/// Whether such codes are multiplied as they are, and scaled afterwards: integers, or fp8 by fp8.
bool multipliesAsCodes(SchemeAttr weight, SchemeAttr x);

/// Why a row of `columns` codes cannot be cut into blocks with one scale of either side each; empty
/// if it can.
std::string blockObstacle(SchemeAttr weight, SchemeAttr x, int64_t columns);

/// The same for sums of integers, which must fit 32 bits, too.
std::string integerBlockObstacle(SchemeAttr weight, SchemeAttr x, int64_t columns);

/// The denser form that parameters of a weight's scheme have (q.compact): of codes `[N, K]` as i8,
/// or of scales or zeros `[N, G]`. The type itself where there is none.
mlir::RankedTensorType compactType(SchemeAttr scheme, mlir::RankedTensorType type);

/// Columns of scales that share an f16, where they are products: 256 columns of the weight.
int64_t groupsOfProduct(SchemeAttr scheme);

} // namespace qopt::q

#endif // QOPT_DIALECTS_Q_Q_H
