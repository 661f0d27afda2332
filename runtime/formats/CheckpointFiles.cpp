//===- CheckpointFiles.cpp - the files that weights come from -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/CheckpointFiles.h"

#include <filesystem>

using namespace qopt;

CheckpointFiles::CheckpointFiles(std::string_view checkpoint) : directory(checkpoint) {
  if (isGgufPath(checkpoint))
    directory = std::filesystem::path(checkpoint).parent_path().string();
}

std::string CheckpointFiles::pathOf(const std::string &file) const {
  return (std::filesystem::path(directory) / file).string();
}

const SafetensorsFile &CheckpointFiles::safetensors(const std::string &file) {
  std::unique_ptr<SafetensorsFile> &opened = safetensorsFiles[file];
  if (!opened)
    opened = std::make_unique<SafetensorsFile>(pathOf(file));
  return *opened;
}

const GgufFile &CheckpointFiles::gguf(const std::string &file) {
  std::unique_ptr<GgufFile> &opened = ggufFiles[file];
  if (!opened)
    opened = std::make_unique<GgufFile>(pathOf(file));
  return *opened;
}

MappedBytes CheckpointFiles::bytes(const std::string &file, std::string_view tensor) {
  if (isGgufPath(file)) {
    const GgufFile &opened = gguf(file);
    return {&opened.mappedFile(), opened.data(opened.get(tensor))};
  }
  const SafetensorsFile &opened = safetensors(file);
  return {&opened.mappedFile(), opened.data(opened.get(tensor))};
}
