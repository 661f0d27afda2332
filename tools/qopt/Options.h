//===- Options.h - the command line of qopt ---------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_OPTIONS_H
#define QOPT_TOOLS_QOPT_OPTIONS_H

#include "runtime/formats/DType.h"
#include <cstdint>
#include <optional>
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace qopt {

/// What qopt's own options say; everything else belongs to mlir-opt (MlirOptMainConfig).
struct Options {
  std::string input;
  std::string output;
  std::optional<int64_t> randomSeed; ///< --random-params
  bool allowDequantizedFallback;     ///< of what is lowered for `output`
  std::string quantizationReport;    ///< its format; empty for none
  std::string reportProfile;         ///< for errors of matrix products; empty for none
  std::optional<DType> dequantize;   ///< what quantized weights of a GGUF input become
  std::string emit;                  ///< the kind of output; empty for what its ending says
};

/// Parses the command line. IR in files has its locations, IR on stdout is easier to read without.
/// Exits after --help and the like. Throws Error.
Options parseOptions(int argc, char **argv, mlir::DialectRegistry &registry);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_OPTIONS_H
