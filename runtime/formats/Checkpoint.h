//===- Checkpoint.h - the tensors of a Hugging Face directory ---*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_CHECKPOINT_H
#define QOPT_RUNTIME_FORMATS_CHECKPOINT_H

#include "runtime/formats/SafetensorsFile.h"
#include <memory>

namespace qopt {

/// All tensors of a checkpoint, from `model.safetensors` or from the shards that
/// `model.safetensors.index.json` names. Immutable once opened: threads may share it.
class Checkpoint {
public:
  struct Tensor {
    const SafetensorsFile *file;
    const TensorInfo *info;

    const std::string &name() const { return info->name; }
    DType dtype() const { return info->dtype; }
    std::span<const int64_t> shape() const { return info->shape; }
    std::span<const std::byte> data() const { return file->data(*info); }
  };

  /// Throws an Error if there are no weights, a shard is missing or broken, the index names a
  /// tensor that its shard lacks, or two shards hold the same tensor.
  explicit Checkpoint(std::string directory);

  /// Null if there is none of this name.
  const Tensor *find(std::string_view name) const;

  /// Throws an Error naming the checkpoint and the tensor if there is none of this name.
  const Tensor &get(std::string_view name) const;

  /// All but padding, by name.
  const std::map<std::string_view, Tensor> &tensors() const { return tensorByName; }

  const std::string &directory() const { return directoryPath; }
  /// The one file, or the shards in the order of their names.
  const std::vector<std::unique_ptr<SafetensorsFile>> &files() const { return shards; }

private:
  void openShards(const std::string &indexPath);
  void addTensorsOf(const SafetensorsFile &file);

  std::string directoryPath;
  std::vector<std::unique_ptr<SafetensorsFile>> shards;
  std::map<std::string_view, Tensor> tensorByName;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_CHECKPOINT_H
