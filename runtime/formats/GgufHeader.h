//===- GgufHeader.h - what a GGUF file holds --------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFHEADER_H
#define QOPT_RUNTIME_FORMATS_GGUFHEADER_H

#include "runtime/formats/GgmlType.h"
#include "runtime/formats/GgufValue.h"

namespace qopt {

/// A tensor of a GGUF file: rows of whole blocks.
struct GgufTensor {
  std::string name;
  GgmlType type;
  /// Row-major, the last dimension that of the rows: the file's order is the reverse.
  std::vector<int64_t> shape;
  uint64_t offset; ///< Bytes from the start of the file.
  uint64_t size;
};

/// The format's constants (ggml's docs/gguf.md).
struct GgufFormat {
  static constexpr std::string_view magic = "GGUF";
  static constexpr uint32_t minVersion = 2; ///< Version 1 had sizes of 32 bits.
  static constexpr uint32_t maxVersion = 3;
  static constexpr uint32_t maxDimensions = 4;
  static constexpr uint64_t defaultAlignment = 32;
};

struct GgufHeader {
  uint32_t version;
  GgufMetadata metadata;
  std::vector<GgufTensor> tensors; ///< By offset.
};

/// Parses and validates a little-endian file of version 2 or 3, whose bytes must outlive the
/// result; on return every tensor lies in the file and none overlaps another. Throws an Error that
/// begins with `path` and names the key or the tensor.
GgufHeader parseGgufHeader(std::span<const std::byte> file, const std::string &path);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFHEADER_H
