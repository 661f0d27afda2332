//===- SpecialRegister.h - what PTX reads about itself ----------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_PROGRAM_SPECIALREGISTER_H
#define QOPT_RUNTIME_EMULATOR_PROGRAM_SPECIALREGISTER_H

#include <cstdint>
#include <optional>
#include <string_view>

namespace qopt::emulator {

enum class SpecialRegister : uint8_t {
  TidX,
  TidY,
  TidZ,
  NtidX,
  NtidY,
  NtidZ,
  CtaidX,
  CtaidY,
  CtaidZ,
  NctaidX,
  NctaidY,
  NctaidZ,
  LaneId,
  WarpId,
  NwarpId,
  SmId,
  LaneMaskEq,
  LaneMaskLe,
  LaneMaskLt,
  LaneMaskGe,
  LaneMaskGt,
  DynamicSharedSize,
  TotalSharedSize,
  // Those from here on change while a block runs.
  Clock,
  Clock64,
  GlobalTimer,
};

inline bool changesOverTime(SpecialRegister name) { return name >= SpecialRegister::Clock; }

/// The special register called `name`, with the percent sign.
std::optional<SpecialRegister> parseSpecialRegister(std::string_view name);

/// 32 or 64 bits.
unsigned bitWidth(SpecialRegister name);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_PROGRAM_SPECIALREGISTER_H
