//===- Type.h - the types of PTX instructions -------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PTX_TYPE_H
#define QOPT_RUNTIME_EMULATOR_PTX_TYPE_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace qopt::emulator {

/// A type suffix. `x2` types are two elements in one register, the first in its low half.
enum class Type : uint8_t {
  Pred,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  F32,
  F32x2,
  F64,
  TF32,
  E4M3,
  E5M2,
  E4M3x2,
  E5M2x2,
};

/// Bits of a value; 1 for a predicate.
unsigned bitWidth(Type type);
bool isSigned(Type type);
bool isUnsigned(Type type);
bool isBits(Type type);
/// Integer arithmetic: signed or unsigned.
inline bool isInteger(Type type) { return isSigned(type) || isUnsigned(type); }
inline bool isFloat(Type type) { return type >= Type::F16; }

/// The type called `name`, without the dot.
std::optional<Type> parseType(std::string_view name);
std::string_view typeName(Type type);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PTX_TYPE_H
