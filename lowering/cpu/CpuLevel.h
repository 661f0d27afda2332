//===- CpuLevel.h - the instruction sets that kernels are built for -*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_CPU_CPULEVEL_H
#define QOPT_LOWERING_CPU_CPULEVEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <optional>

namespace qopt::cpu {

/// An instruction set. An artifact holds one module for each; the runtime takes the first that the
/// machine has.
enum class CpuLevel { Avx512, Avx2 };

/// All levels, best first.
inline constexpr CpuLevel kCpuLevels[] = {CpuLevel::Avx512, CpuLevel::Avx2};

/// What a level is called, what it needs, and how kernels fill its registers.
struct CpuLevelTraits {
  llvm::StringLiteral name;         ///< as options spell it
  llvm::StringLiteral moduleName;   ///< symbol of the emitted module
  llvm::StringLiteral llvmCpu;      ///< what LLVM generates code for,
  llvm::StringLiteral llvmFeatures; ///< and features beyond it
  /// Features that the machine must report, in the spelling of /proc/cpuinfo.
  llvm::ArrayRef<llvm::StringLiteral> required;
  /// Vectors of 16 f32 that an inner loop accumulates in registers, and of these, how many side by
  /// side in a product with a panel, and in attention.
  int64_t accumulators, panelVectors, attentionVectors;
};

const CpuLevelTraits &traitsOf(CpuLevel level);

/// The level called `name`, if there is one; "host" is the best that this machine can execute.
std::optional<CpuLevel> parseCpuLevel(llvm::StringRef name);

} // namespace qopt::cpu

#endif // QOPT_LOWERING_CPU_CPULEVEL_H
