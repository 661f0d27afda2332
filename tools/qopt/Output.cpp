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

static OutputKind parseKind(const std::string &path, const std::string &emit) {
  constexpr std::pair<std::string_view, OutputKind> kinds[] = {{"ir", OutputKind::Ir},
                                                               {"qmod", OutputKind::Artifact},
                                                               {"ptx", OutputKind::Ptx},
                                                               {"gguf", OutputKind::Gguf}};
  for (auto [name, kind] : kinds) {
    if (name != emit)
      continue;
    if (path == "-" && (kind == OutputKind::Artifact || kind == OutputKind::Gguf))
      fail("--emit={} writes no text: name its output with -o", emit);
    return kind;
  }
  fail("--emit={} is no kind of output; ir, qmod, ptx and gguf are", emit);
}

OutputKind qopt::outputKindOf(const std::string &path, const std::string &emit) {
  if (!emit.empty())
    return parseKind(path, emit);
  // A directory's name may be given with slashes behind it.
  llvm::StringRef ending = llvm::sys::path::extension(llvm::StringRef(path).rtrim('/'));
  if (path == "-" || ending == ".mlir")
    return OutputKind::Ir;
  if (ending == ".qmod")
    return OutputKind::Artifact;
  if (ending == ".ptx")
    return OutputKind::Ptx;
  if (ending == ".gguf")
    return OutputKind::Gguf;
  fail("what to write to '{}' is not clear from its ending: use .mlir, .qmod, .ptx or .gguf", path);
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
