//===- SpecialRegister.cpp - what PTX reads about itself ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/program/SpecialRegister.h"

#include <array>

using namespace qopt;
using namespace qopt::emulator;

/// In the order of the enum.
static constexpr std::array<std::string_view, 26> kNames = {
    "%tid.x",           "%tid.y",
    "%tid.z",           "%ntid.x",
    "%ntid.y",          "%ntid.z",
    "%ctaid.x",         "%ctaid.y",
    "%ctaid.z",         "%nctaid.x",
    "%nctaid.y",        "%nctaid.z",
    "%laneid",          "%warpid",
    "%nwarpid",         "%smid",

    "%lanemask_eq",     "%lanemask_le",
    "%lanemask_lt",     "%lanemask_ge",
    "%lanemask_gt",     "%dynamic_smem_size",
    "%total_smem_size", "%clock",
    "%clock64",         "%globaltimer",
};
static_assert(kNames.size() == size_t(SpecialRegister::GlobalTimer) + 1);

std::optional<SpecialRegister> emulator::parseSpecialRegister(std::string_view name) {
  for (size_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == name)
      return SpecialRegister(i);
  return std::nullopt;
}

unsigned emulator::bitWidth(SpecialRegister name) {
  return name == SpecialRegister::Clock64 || name == SpecialRegister::GlobalTimer ? 64 : 32;
}
