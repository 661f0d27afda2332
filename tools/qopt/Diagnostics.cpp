//===- Diagnostics.cpp - diagnostics that name checkpoint modules ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/Diagnostics.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static StringRef severityName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("all severities are handled");
}

static void print(const Diagnostic &diagnostic) {
  llvm::errs() << severityName(diagnostic.getSeverity()) << ": ";
  if (auto name = diagnostic.getLocation()->findInstanceOf<NameLoc>())
    llvm::errs() << name.getName().getValue() << ": ";
  llvm::errs() << diagnostic << "\n";
}

void qopt::registerDiagnosticPrinter(MLIRContext &context) {
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) -> LogicalResult {
    if (diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
      return failure();
    print(diagnostic);
    for (const Diagnostic &note : diagnostic.getNotes())
      print(note);
    return success();
  });
}
