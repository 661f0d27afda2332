//===- Input.cpp - what qopt reads ----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qopt/Input.h"
#include "dialects/import/Import.h"
#include "mlir/Support/FileUtilities.h"
#include "runtime/formats/CheckpointFiles.h"
#include "runtime/formats/Error.h"
#include "tools/qopt/Diagnostics.h"
#include "llvm/Support/FileSystem.h"

using namespace mlir;
using namespace qopt;

/// Text is the one form in which mlir-opt's machinery takes IR; it is small, as weights stay out.
static std::unique_ptr<llvm::MemoryBuffer> print(ModuleOp module, const std::string &name) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream, OpPrintingFlags().enableDebugInfo());
  return llvm::MemoryBuffer::getMemBufferCopy(text, name);
}

std::unique_ptr<llvm::MemoryBuffer> qopt::readInput(const Options &options) {
  const std::string &input = options.input;
  if (options.dequantize && !isGgufPath(input))
    fail("--dequantize is for GGUF files, but the input is '{}'", input);
  bool isDirectory = llvm::sys::fs::is_directory(input);
  bool isConfig = StringRef(input).ends_with(".json");
  if (isDirectory || isConfig) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    registerDiagnosticPrinter(context);
    if (isDirectory && !options.randomSeed)
      return print(*importHuggingFace(input, &context), input);
    if (!options.randomSeed)
      fail("{} has no weights: name its directory, or add --random-params=SEED", input);
    std::string config = isDirectory ? input + "/config.json" : input;
    return print(*importRandom(config, *options.randomSeed, &context), input);
  }
  if (options.randomSeed)
    fail("--random-params needs a config.json, but the input is '{}'", input);
  if (isGgufPath(input)) {
    MLIRContext context(MLIRContext::Threading::DISABLED);
    registerDiagnosticPrinter(context);
    return print(*importGguf(input, options.dequantize, &context), input);
  }
  std::string problem;
  std::unique_ptr<llvm::MemoryBuffer> buffer = openInputFile(input, &problem);
  if (!buffer)
    fail("{}", problem);
  return buffer;
}
