//===- CheckpointFiles.h - the files that weights come from -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_CHECKPOINTFILES_H
#define QOPT_RUNTIME_FORMATS_CHECKPOINTFILES_H

#include "runtime/formats/GgufCheckpoint.h"
#include "runtime/formats/SafetensorsFile.h"

namespace qopt {

/// Whether a path is that of a GGUF file, by its ending.
inline bool isGgufPath(std::string_view path) { return path.ends_with(".gguf"); }

/// Bytes of a file, and the file.
struct MappedBytes {
  const MappedFile *file;
  std::span<const std::byte> bytes;
};

/// The files of a checkpoint, each opened when it is first asked for. Files are named relative to
/// the checkpoint's directory.
class CheckpointFiles {
public:
  /// `checkpoint` is a directory, or a GGUF file in one.
  explicit CheckpointFiles(std::string_view checkpoint);

  // Throw Error.
  const SafetensorsFile &safetensors(const std::string &file);
  const GgufFile &gguf(const std::string &file);
  /// The bytes of a tensor of either.
  MappedBytes bytes(const std::string &file, std::string_view tensor);

private:
  std::string pathOf(const std::string &file) const;

  std::string directory;
  std::map<std::string, std::unique_ptr<SafetensorsFile>> safetensorsFiles;
  std::map<std::string, std::unique_ptr<GgufFile>> ggufFiles;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_CHECKPOINTFILES_H
