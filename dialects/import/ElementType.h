//===- ElementType.h - MLIR's types for stored elements ---------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_ELEMENTTYPE_H
#define QOPT_DIALECTS_IMPORT_ELEMENTTYPE_H

#include "mlir/IR/BuiltinTypes.h"
#include "runtime/formats/DType.h"

namespace qopt {

/// Null for what weights are not stored in: anything but f32, f16 and bf16.
inline mlir::Type elementTypeOf(DType dtype, mlir::MLIRContext *context) {
  switch (dtype) {
  case DType::F32:
    return mlir::Float32Type::get(context);
  case DType::F16:
    return mlir::Float16Type::get(context);
  case DType::BF16:
    return mlir::BFloat16Type::get(context);
  default:
    return {};
  }
}

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_ELEMENTTYPE_H
