//===- RandomTensors.h - random weights for a model's shape -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_RANDOMTENSORS_H
#define QOPT_DIALECTS_IMPORT_RANDOMTENSORS_H

#include "dialects/import/TensorSource.h"
#include "runtime/formats/DType.h"

namespace qopt {

/// Matrices of deviation 1/sqrt(in), so that outputs vary as much as inputs; norms 1, biases 0.
class RandomTensors : public TensorSource {
public:
  RandomTensors(int64_t seed, DType dtype, mlir::MLIRContext *context);
  Tensor get(const TensorRequest &request) override;

private:
  int64_t seed;
  mlir::Type elementType;
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_RANDOMTENSORS_H
