//===- Ptxas.cpp - PTX text to machine code -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/Ptxas.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir;
using namespace qopt;
using llvm::StringRef;

namespace {

/// A file that goes away.
struct TemporaryFile {
  llvm::SmallString<128> path;
  llvm::FileRemover remover;

  std::error_code create(StringRef ending) {
    std::error_code error = llvm::sys::fs::createTemporaryFile("qopt-kernels", ending, path);
    if (!error)
      remover.setFile(path);
    return error;
  }
  FailureOr<std::string> read() const {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer)
      return failure();
    return (*buffer)->getBuffer().str();
  }
};

} // namespace

/// The op whose kernel has line `number`, counted from 1; the module where none has.
static Location locationOf(gpu::GPUModuleOp module, StringRef ptx, size_t number) {
  StringRef kernel;
  for (size_t i = 0; i < number && !ptx.empty(); ++i) {
    auto [line, rest] = ptx.split('\n');
    if (size_t entry = line.find(".entry "); entry != StringRef::npos)
      kernel = line.drop_front(entry + StringRef(".entry ").size()).take_until([](char c) {
        return c == '(';
      });
    ptx = rest;
  }
  auto function = kernel.empty() ? gpu::GPUFuncOp() : module.lookupSymbol<gpu::GPUFuncOp>(kernel);
  return function ? function.getLoc() : module.getLoc();
}

/// What ptxas says first: "ptxas /tmp/x.ptx, line 28; error   : Unknown modifier '.wat'", or
/// without a line "ptxas fatal   : ...".
static LogicalResult reportRefusal(gpu::GPUModuleOp module, StringRef ptx, StringRef chip,
                                   StringRef file, StringRef said) {
  StringRef first = said.split('\n').first.rtrim();
  std::string quoted = first.str();
  if (size_t at = first.find(file); at != StringRef::npos)
    quoted = (first.take_front(at) + "PTX" + first.drop_front(at + file.size())).str();
  size_t line = 0;
  constexpr StringRef beforeLine = ", line ";
  if (size_t at = first.find(beforeLine); at != StringRef::npos)
    first.drop_front(at + beforeLine.size()).consumeInteger(10, line);
  return emitError(locationOf(module, ptx, line))
         << "ptxas makes no machine code for " << chip << ": "
         << (quoted.empty() ? "it says nothing" : quoted);
}

FailureOr<std::string> qopt::assemblePtx(gpu::GPUModuleOp module, StringRef chip, StringRef ptx,
                                         StringRef ptxas) {
  auto fail = [&](const Twine &message) {
    return emitError(module.getLoc()) << "cannot run " << ptxas << ": " << message;
  };
  TemporaryFile input, output, words;
  for (auto [file, ending] : {std::pair(&input, "ptx"), {&output, "cubin"}, {&words, "log"}})
    if (std::error_code error = file->create(ending))
      return fail("no temporary file: " + error.message());
  std::error_code error;
  llvm::raw_fd_ostream stream(input.path, error);
  stream << ptx;
  stream.close();
  if (error || (error = stream.error())) {
    stream.clear_error();
    return fail(Twine("cannot write ") + input.path + ": " + error.message());
  }
  std::string architecture = ("-arch=" + chip).str(), message;
  StringRef log = words.path;
  int status =
      llvm::sys::ExecuteAndWait(ptxas, {ptxas, architecture, "-o", output.path, input.path},
                                /*Env=*/std::nullopt, {StringRef(), log, log},
                                /*SecondsToWait=*/0, /*MemoryLimit=*/0, &message);
  if (status < 0)
    return fail(message);
  FailureOr<std::string> said = words.read(), code = output.read();
  if (status != 0 || failed(code) || code->empty())
    return reportRefusal(module, ptx, chip, input.path, failed(said) ? StringRef() : *said);
  return code;
}
