//===- DType.cpp - element types of stored tensors ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/DType.h"

#include <array>

using namespace qopt;

namespace {
struct DTypeTraits {
  std::string_view safetensorsName;
  std::string_view shortName;
  uint8_t byteSize;
};
} // namespace

/// In the order of the enumeration.
static constexpr std::array<DTypeTraits, 15> traitsTable = {{
    {"F64", "f64", 8},
    {"F32", "f32", 4},
    {"F16", "f16", 2},
    {"BF16", "bf16", 2},
    {"F8_E4M3", "f8E4M3FN", 1},
    {"F8_E5M2", "f8E5M2", 1},
    {"I64", "i64", 8},
    {"I32", "i32", 4},
    {"I16", "i16", 2},
    {"I8", "i8", 1},
    {"U64", "ui64", 8},
    {"U32", "ui32", 4},
    {"U16", "ui16", 2},
    {"U8", "ui8", 1},
    {"BOOL", "bool", 1},
}};
static_assert(traitsTable.size() == size_t(DType::Bool) + 1);

static const DTypeTraits &traits(DType dtype) { return traitsTable[size_t(dtype)]; }

size_t qopt::byteSize(DType dtype) { return traits(dtype).byteSize; }

std::string_view qopt::safetensorsName(DType dtype) { return traits(dtype).safetensorsName; }

std::string_view qopt::shortName(DType dtype) { return traits(dtype).shortName; }

std::optional<DType> qopt::parseDType(std::string_view name) {
  for (size_t i = 0; i < traitsTable.size(); ++i)
    if (name == traitsTable[i].safetensorsName || name == traitsTable[i].shortName)
      return DType(i);
  return std::nullopt;
}
