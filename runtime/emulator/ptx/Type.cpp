//===- Type.cpp - the types of PTX instructions ---------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Type.h"

#include <array>

using namespace qopt;
using namespace qopt::emulator;

namespace {
struct TypeInfo {
  std::string_view name;
  unsigned bits;
};
} // namespace

/// In the order of the enum.
static constexpr std::array<TypeInfo, 26> kTypes = {{
    {"pred", 1},    {"b8", 8},      {"b16", 16}, {"b32", 32},   {"b64", 64},  {"b128", 128},
    {"u8", 8},      {"u16", 16},    {"u32", 32}, {"u64", 64},   {"s8", 8},    {"s16", 16},
    {"s32", 32},    {"s64", 64},    {"f16", 16}, {"f16x2", 32}, {"bf16", 16}, {"bf16x2", 32},
    {"f32", 32},    {"f32x2", 64},  {"f64", 64}, {"tf32", 32},  {"e4m3", 8},  {"e5m2", 8},
    {"e4m3x2", 16}, {"e5m2x2", 16},
}};
static_assert(kTypes.size() == size_t(Type::E5M2x2) + 1);

unsigned emulator::bitWidth(Type type) { return kTypes[size_t(type)].bits; }
std::string_view emulator::typeName(Type type) { return kTypes[size_t(type)].name; }

bool emulator::isSigned(Type type) { return type >= Type::S8 && type <= Type::S64; }
bool emulator::isUnsigned(Type type) { return type >= Type::U8 && type <= Type::U64; }
bool emulator::isBits(Type type) { return type >= Type::B8 && type <= Type::B128; }

std::optional<Type> emulator::parseType(std::string_view name) {
  for (size_t i = 0; i < kTypes.size(); ++i)
    if (kTypes[i].name == name)
      return Type(i);
  return std::nullopt;
}
