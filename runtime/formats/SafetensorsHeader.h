//===- SafetensorsHeader.h - what a safetensors file holds ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_SAFETENSORSHEADER_H
#define QOPT_RUNTIME_FORMATS_SAFETENSORSHEADER_H

#include "runtime/formats/DType.h"
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// One tensor of a safetensors file: row-major, little-endian.
struct TensorInfo {
  std::string name;
  DType dtype;
  std::vector<int64_t> shape; ///< Empty for a scalar.
  uint64_t offset;            ///< Bytes from the start of the file.
  uint64_t size;              ///< Bytes: the product of the shape and the element size.
};

struct SafetensorsHeader {
  std::vector<TensorInfo> tensors; ///< By offset.
  std::map<std::string, std::string> metadata;
};

/// The format's own limit on the JSON header.
constexpr uint64_t maxSafetensorsHeaderBytes = 100'000'000;

/// Bytes of a tensor, or nothing if a dimension is negative or the size does not fit 63 bits.
std::optional<uint64_t> tensorByteSize(DType dtype, std::span<const int64_t> shape);

/// Parses and validates the header of the file whose bytes are `file`; on return every tensor lies
/// in the file and they cover it without overlaps or holes. Throws an Error that begins with `path`
/// and names the tensor.
SafetensorsHeader parseSafetensorsHeader(std::span<const std::byte> file, const std::string &path);

/// The name of the `n`-th of the tensors that only align the next one: the format forbids holes.
std::string safetensorsPaddingName(size_t n);
bool isSafetensorsPadding(std::string_view name);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_SAFETENSORSHEADER_H
