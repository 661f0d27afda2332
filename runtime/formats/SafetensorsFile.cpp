//===- SafetensorsFile.cpp - a mapped safetensors file --------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsFile.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

SafetensorsFile::SafetensorsFile(std::string path)
    : file(std::move(path)), header(parseSafetensorsHeader(file.bytes(), file.path())) {
  for (size_t i = 0; i < header.tensors.size(); ++i)
    indexByName.emplace(header.tensors[i].name, i);
}

const TensorInfo *SafetensorsFile::find(std::string_view name) const {
  auto entry = indexByName.find(name);
  return entry == indexByName.end() ? nullptr : &header.tensors[entry->second];
}

const TensorInfo &SafetensorsFile::get(std::string_view name) const {
  if (const TensorInfo *tensor = find(name))
    return *tensor;
  fail("{}: has no tensor {}", path(), quote(name));
}

std::span<const std::byte> SafetensorsFile::data(const TensorInfo &tensor) const {
  return file.bytes().subspan(tensor.offset, tensor.size);
}
