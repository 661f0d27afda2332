//===- CheckpointTensors.h - the tensors of a checkpoint, each checked -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_CHECKPOINTTENSORS_H
#define QOPT_DIALECTS_IMPORT_CHECKPOINTTENSORS_H

#include "dialects/import/TensorSource.h"
#include "runtime/formats/Checkpoint.h"
#include "runtime/formats/ModelConfig.h"
#include <set>

namespace qopt {

/// Hands out references to a checkpoint's tensors and remembers which, so that what is left over
/// is noticed.
class CheckpointTensors : public TensorSource {
public:
  /// Both must outlive it.
  CheckpointTensors(const Checkpoint &checkpoint, const ModelConfig &config,
                    mlir::MLIRContext *context);

  Tensor get(const TensorRequest &request) override;

  /// Whether the checkpoint has a tensor of this name.
  bool has(std::string_view name) const { return checkpoint.find(name); }

  /// Skips, with a remark for each kind, tensors that were not handed out and are known to be no
  /// part of the model. `embedding` is the table that a tied `lm_head.weight` must repeat. Throws
  /// an Error naming the first other tensor.
  void finish(const std::string &embedding) const;

private:
  void checkTiedHead(const Checkpoint::Tensor &head, const std::string &embedding) const;

  const Checkpoint &checkpoint;
  const ModelConfig &config;
  mlir::MLIRContext *context;
  std::set<std::string, std::less<>> taken;
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_CHECKPOINTTENSORS_H
