//===- LinkSharedObject.cpp - lld as a library ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lld/Common/Driver.h"
#include "lowering/cpu/CompileCpuModule.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace mlir;
using namespace qopt;

/// Runs the linker, which reads and writes files and is not reentrant. Returns its messages if it
/// fails.
static std::optional<std::string> runLinker(StringRef object, StringRef output) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  std::string objectPath = object.str(), outputPath = output.str(), messages;
  llvm::raw_string_ostream stream(messages);
  const char *arguments[] = {"ld.lld",
                             "-shared",
                             "--build-id=none",
                             "-z",
                             "separate-code",
                             "-z",
                             "noexecstack",
                             "-z",
                             "defs",
                             "-s",
                             "--hash-style=gnu",
                             "--threads=1",
                             "-o",
                             outputPath.c_str(),
                             objectPath.c_str()};
  lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return std::nullopt;
  return messages;
}

FailureOr<SmallVector<char>> cpu::linkSharedObject(ArrayRef<char> object, StringRef name,
                                                   Location loc) {
  auto fail = [&](const Twine &reason) {
    return emitError(loc) << "cannot link " << name << ": " << reason.str();
  };
  SmallString<128> objectPath, outputPath;
  for (auto [path, suffix] : {std::pair(&objectPath, "o"), std::pair(&outputPath, "so")})
    if (std::error_code error = llvm::sys::fs::createTemporaryFile("qopt", suffix, *path))
      return fail("no temporary file: " + error.message());
  llvm::FileRemover removeObject(objectPath), removeOutput(outputPath);
  {
    std::error_code error;
    llvm::raw_fd_ostream file(objectPath, error);
    file.write(object.data(), object.size());
    file.close();
    if (file.has_error()) {
      error = file.error();
      file.clear_error();
      return fail(objectPath + ": " + error.message());
    }
  }
  if (std::optional<std::string> messages = runLinker(objectPath, outputPath))
    return fail(*messages);
  auto output = llvm::MemoryBuffer::getFile(outputPath);
  if (!output)
    return fail(outputPath + ": " + output.getError().message());
  return SmallVector<char>((*output)->getBufferStart(), (*output)->getBufferEnd());
}
