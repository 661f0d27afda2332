//===- CpuLevel.cpp - the instruction sets that kernels are built for -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/cpu/CpuLevel.h"
#include "runtime/device/cpu/CpuFeatures.h"
#include "llvm/ADT/STLExtras.h"

using namespace qopt::cpu;
using llvm::StringLiteral;

// The psABI's levels hold exactly the features that LLVM may use, and no machine's extras.
static constexpr StringLiteral kAvx512Required[] = {
    "avx2",    "fma",      "f16c",     "bmi1",     "bmi2",     "movbe",      "abm",
    "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl", "avx512_vnni"};
static constexpr StringLiteral kAvx2Required[] = {"avx2", "fma",   "f16c", "bmi1",
                                                  "bmi2", "movbe", "abm"};

// 24 of 32 zmm registers; 12 of 16 ymm registers, of which a vector of 16 takes two.
static constexpr CpuLevelTraits kAvx512 = {
    "avx512", "cpu.avx512", "x86-64-v4", "+avx512vnni", kAvx512Required, 24, 2, 8};
static constexpr CpuLevelTraits kAvx2 = {"avx2",        "cpu.avx2", "x86-64-v3", "",
                                         kAvx2Required, 6,          1,           1};

const CpuLevelTraits &qopt::cpu::traitsOf(CpuLevel level) {
  return level == CpuLevel::Avx512 ? kAvx512 : kAvx2;
}

/// Whether this machine, and the system it runs under, have all that a level needs.
static bool isExecutable(const CpuLevelTraits &traits) {
  return llvm::all_of(traits.required, [](StringLiteral feature) {
    return qopt::cpuFeature({feature.data(), feature.size()}) == qopt::FeatureState::Present;
  });
}

std::optional<CpuLevel> qopt::cpu::parseCpuLevel(llvm::StringRef name) {
  for (CpuLevel level : kCpuLevels)
    if (traitsOf(level).name == name || (name == "host" && isExecutable(traitsOf(level))))
      return level;
  return std::nullopt;
}
