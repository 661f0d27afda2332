//===- GgufTensors.h - the tensors of a GGUF file, each checked -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_GGUFTENSORS_H
#define QOPT_DIALECTS_IMPORT_GGUFTENSORS_H

#include "dialects/import/TensorSource.h"
#include "runtime/formats/GgufCheckpoint.h"
#include "runtime/formats/ModelConfig.h"
#include <map>
#include <set>

namespace qopt {

/// Hands out references to the tensors of a GGUF checkpoint, those of block types as codes and
/// scales, and remembers which, so that what is left over is noticed.
class GgufTensors : public TensorSource {
public:
  /// `checkpoint` and `config` must outlive it. With `dequantize`, block types are values of that
  /// type.
  GgufTensors(const GgufCheckpoint &checkpoint, const ModelConfig &config,
              std::optional<DType> dequantize, mlir::MLIRContext *context);

  Tensor get(const TensorRequest &request) override;
  std::string moduleName(const std::string &module) const override;
  bool hasConv1d() const override { return false; }

  /// Says in a remark what becomes of the block types. Throws an Error naming the first tensor that
  /// was not handed out.
  void finish() const;

private:
  Tensor makeValues(const GgufCheckpoint::Tensor &stored, const TensorRequest &request);
  Tensor makeCodes(const GgufCheckpoint::Tensor &stored, const TensorRequest &request);
  mlir::Attribute source(const GgufCheckpoint::Tensor &stored, llvm::StringRef part = "") const;

  const GgufCheckpoint &checkpoint;
  const ModelConfig &config;
  std::optional<DType> dequantize;
  mlir::MLIRContext *context;
  std::set<std::string, std::less<>> taken;
  std::map<GgmlType, int64_t> blockTensors; ///< How many there are of each type.
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_GGUFTENSORS_H
