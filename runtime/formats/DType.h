//===- DType.h - element types of stored tensors ----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_DTYPE_H
#define QOPT_RUNTIME_FORMATS_DTYPE_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace qopt {

/// The element types a tensor in a file can have: those of safetensors that fill whole bytes.
/// All are little-endian.
enum class DType : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3,
  F8E5M2,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  Bool,
};

/// Bytes per element.
size_t byteSize(DType dtype);

/// The name in a safetensors header: "BF16".
std::string_view safetensorsName(DType dtype);

/// The name in IR, plans and messages, where possible MLIR's: "bf16".
std::string_view shortName(DType dtype);

/// Accepts either name.
std::optional<DType> parseDType(std::string_view name);

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_DTYPE_H
