//===- TensorSource.h - where an imported model's tensors come from -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_TENSORSOURCE_H
#define QOPT_DIALECTS_IMPORT_TENSORSOURCE_H

#include "dialects/q/Q.h"
#include "mlir/IR/BuiltinTypes.h"
#include <string>
#include <vector>

namespace qopt {

/// A tensor that a model needs.
struct TensorRequest {
  /// What it is for, which decides random contents.
  enum class Use {
    Matrix, ///< [out, in] of a linear, or a table [rows, D]
    Conv1d, ///< [in, out]: GPT-2's linears
    Norm,   ///< factors of a norm
    Bias
  };
  std::string name;
  llvm::SmallVector<int64_t> shape;
  Use use;
};

/// The type and contents of an llm.param, or of those that q.dequantize makes its values of: then
/// these are the codes.
struct Tensor {
  mlir::RankedTensorType type;
  mlir::Attribute contents;
  qopt::q::SchemeAttr scheme = {};     ///< Null unless the tensor is stored as codes,
  std::vector<Tensor> parameters = {}; ///< which come with scales and, for some schemes, zeros.
};

/// Where an imported model's tensors come from: a checkpoint, or nowhere.
class TensorSource {
public:
  virtual ~TensorSource() = default;

  /// Throws Error if there is no such tensor or it is different.
  virtual Tensor get(const TensorRequest &request) = 0;

  /// What the checkpoint calls a module of the model.
  virtual std::string moduleName(const std::string &module) const { return module; }

  /// Whether GPT-2's linears are stored [in, out].
  virtual bool hasConv1d() const { return true; }
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_TENSORSOURCE_H
