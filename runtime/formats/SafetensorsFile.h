//===- SafetensorsFile.h - a mapped safetensors file ------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_SAFETENSORSFILE_H
#define QOPT_RUNTIME_FORMATS_SAFETENSORSFILE_H

#include "runtime/formats/MappedFile.h"
#include "runtime/formats/SafetensorsHeader.h"
#include <unordered_map>

namespace qopt {

/// A safetensors file, validated when opened, whose data is mapped and read only by who uses it.
/// Immutable: threads may share it.
class SafetensorsFile {
public:
  /// Throws Error.
  explicit SafetensorsFile(std::string path);

  /// By offset in the file, padding tensors included.
  const std::vector<TensorInfo> &tensors() const { return header.tensors; }
  const std::map<std::string, std::string> &metadata() const { return header.metadata; }

  /// Null if there is none of this name.
  const TensorInfo *find(std::string_view name) const;

  /// Throws an Error naming file and tensor if there is none of this name.
  const TensorInfo &get(std::string_view name) const;

  /// The bytes of one of tensors().
  std::span<const std::byte> data(const TensorInfo &tensor) const;

  const std::string &path() const { return file.path(); }
  const MappedFile &mappedFile() const { return file; }

private:
  MappedFile file;
  SafetensorsHeader header;
  std::unordered_map<std::string_view, size_t> indexByName;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_SAFETENSORSFILE_H
