//===- PtxasReport.h - what ptxas -v says -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_EMULATOR_ANALYSIS_PTXASREPORT_H
#define QOPT_RUNTIME_EMULATOR_ANALYSIS_PTXASREPORT_H

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace qopt::emulator {

struct KernelResources {
  uint32_t registers = 0;    ///< of a thread
  uint32_t spillStores = 0;  ///< bytes of a thread
  uint32_t spillLoads = 0;   ///< bytes of a thread
  uint32_t staticShared = 0; ///< bytes of a block
};

/// The resources of each kernel in what `ptxas -v` prints; lines of other forms are passed over.
std::map<std::string, KernelResources, std::less<>> parsePtxasReport(std::string_view text);

} // namespace qopt::emulator

#endif // QOPT_RUNTIME_EMULATOR_ANALYSIS_PTXASREPORT_H
