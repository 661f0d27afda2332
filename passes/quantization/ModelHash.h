//===- ModelHash.h - what tells models apart --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_MODELHASH_H
#define QOPT_PASSES_QUANTIZATION_MODELHASH_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace qopt {

/// A hash of the module's config, of its parameters down to every byte of their tensors, and of
/// what
/// `@load` makes of them: equal for models that compute the same activations. XXH3 (64 bits) of
/// each part: it tells models apart, it does not protect from anyone. Throws Error where a
/// checkpoint file is missing or broken.
std::string hashModel(mlir::ModuleOp module);

} // namespace qopt

#endif // QOPT_PASSES_QUANTIZATION_MODELHASH_H
