//===- Output.cpp - what qopt writes --------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/Output.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace qopt;

OutputKind qopt::outputKindOf(const std::string &path) {
  // A directory's name may be given with slashes behind it.
  llvm::StringRef ending = llvm::sys::path::extension(llvm::StringRef(path).rtrim('/'));
  if (path == "-" || ending == ".mlir")
    return OutputKind::Ir;
  if (ending == ".qmod")
    return OutputKind::Artifact;
  if (ending == ".ptx")
    return OutputKind::Ptx;
  fail("what to write to '{}' is not clear from its ending: use .mlir, .qmod or .ptx", path);
}

void qopt::writeOutput(const std::string &path, const std::string &contents) {
  if (path != "-")
    return writeFile(path, contents);
  llvm::outs() << contents;
  llvm::outs().flush();
  if (std::error_code error = llvm::outs().error()) {
    llvm::outs().clear_error();
    fail("cannot write {} bytes to the standard output: {}", contents.size(), error.message());
  }
}
