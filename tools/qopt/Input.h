//===- Input.h - what qopt reads --------------------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_TOOLS_QOPT_INPUT_H
#define QOPT_TOOLS_QOPT_INPUT_H

#include "tools/qopt/Options.h"
#include "llvm/Support/MemoryBuffer.h"
#include <memory>

namespace qopt {

/// The IR that `options.input` stands for, as text: a model is imported, and IR is read. Throws
/// Error.
std::unique_ptr<llvm::MemoryBuffer> readInput(const Options &options);

} // namespace qopt

#endif // QOPT_TOOLS_QOPT_INPUT_H
