//===- qopt.cpp - the compiler --------------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "tools/qopt/Registration.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  qopt::registerDialects(registry);
  qopt::registerPasses();
  return mlir::asMainReturnCode(
      mlir::MlirOptMain(argc, argv, "qopt, a compiler for language models\n", registry));
}
