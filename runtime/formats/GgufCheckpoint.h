//===- GgufCheckpoint.h - a model in GGUF files -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFCHECKPOINT_H
#define QOPT_RUNTIME_FORMATS_GGUFCHECKPOINT_H

#include "runtime/formats/GgufHeader.h"
#include "runtime/formats/MappedFile.h"
#include <memory>

namespace qopt {

/// A GGUF file, validated when opened, whose tensors are mapped and read only by who uses them.
/// Immutable: threads may share it.
class GgufFile {
public:
  /// Throws Error.
  explicit GgufFile(std::string path);

  const GgufMetadata &metadata() const { return header.metadata; }
  /// By offset in the file.
  const std::vector<GgufTensor> &tensors() const { return header.tensors; }

  /// Throws an Error naming file and tensor if there is none of this name.
  const GgufTensor &get(std::string_view name) const;

  /// The bytes of one of tensors().
  std::span<const std::byte> data(const GgufTensor &tensor) const;

  const std::string &path() const { return file.path(); }
  const MappedFile &mappedFile() const { return file; }

private:
  MappedFile file;
  GgufHeader header;
};

/// All tensors of a model, from one GGUF file or from the files that it was split into
/// (`NAME-00001-of-00003.gguf`), of which the first names the others and has the metadata.
/// Immutable once opened.
class GgufCheckpoint {
public:
  struct Tensor {
    const GgufFile *file;
    const GgufTensor *info;
  };

  /// `path` is the one file or the first of several. Throws an Error if a file is broken or
  /// missing, is not the part that its name says, or has a tensor that another has.
  explicit GgufCheckpoint(const std::string &path);

  const GgufMetadata &metadata() const { return parts.front()->metadata(); }
  const std::map<std::string_view, Tensor> &tensors() const { return tensorByName; }

  /// Null if there is none of this name.
  const Tensor *find(std::string_view name) const;
  /// Throws an Error naming the file and the tensor if there is none of this name.
  const Tensor &get(std::string_view name) const;

  const std::string &path() const { return parts.front()->path(); }

private:
  void openOthers(int64_t count);
  void addTensorsOf(const GgufFile &file);

  std::vector<std::unique_ptr<GgufFile>> parts;
  std::map<std::string_view, Tensor> tensorByName;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFCHECKPOINT_H
