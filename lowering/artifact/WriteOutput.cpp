//===- WriteOutput.cpp - the frame of passes that write -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/WriteOutput.h"
#include "mlir/IR/Operation.h"
#include "runtime/formats/Error.h"

using namespace mlir;

LogicalResult qopt::writeOutput(Operation *module, const Pass &pass, llvm::StringRef path,
                                llvm::function_ref<LogicalResult()> write) {
  if (path.empty())
    return module->emitError() << pass.getArgument() << " needs a path";
  try {
    return write();
  } catch (const Error &error) {
    return module->emitError() << error.what();
  }
}
