//===- CompiledKernels.cpp - kernels from text to a call ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering/CompiledKernels.h"
#include "dialects/kernel/Kernel.h"
#include "lowering/cpu/CompileCpuModule.h"
#include "lowering/cpu/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/TargetParser/Host.h"
#include <dlfcn.h>
#include <stdexcept>

using namespace mlir;
using namespace qopt;
using namespace qopt::test;

bool test::machineHas(cpu::CpuLevel level) {
  static const llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  if (level == cpu::CpuLevel::Avx2)
    return features.lookup("avx2") && features.lookup("fma") && features.lookup("f16c");
  return features.lookup("avx512bw") && features.lookup("avx512vl") &&
         features.lookup("avx512vnni");
}

/// Loads a shared object, through a file that is gone afterwards.
static void *loadLibrary(ArrayRef<char> contents) {
  llvm::SmallString<128> path;
  int file = -1;
  if (llvm::sys::fs::createTemporaryFile("kernels", "so", file, path))
    throw std::runtime_error("cannot create a temporary file");
  llvm::FileRemover remover(path);
  llvm::raw_fd_ostream(file, /*shouldClose=*/true).write(contents.data(), contents.size());
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    throw std::runtime_error(dlerror());
  return library;
}

/// The number of items of a launch.
static int64_t countItems(AffineMap grid, int64_t rows, int64_t sequences) {
  Builder builder(grid.getContext());
  SmallVector<Attribute> factors;
  if (failed(grid.constantFold({builder.getIndexAttr(rows), builder.getIndexAttr(sequences)},
                               factors)))
    throw std::runtime_error("the grid does not fold");
  int64_t items = 1;
  for (Attribute factor : factors)
    items *= cast<IntegerAttr>(factor).getInt();
  return items;
}

CompiledKernels::CompiledKernels(const std::string &text, cpu::CpuLevel level) {
  DialectRegistry registry;
  registry.insert<llm::LlmDialect, kernel::KernelDialect, q::QDialect>();
  cpu::registerCpuCompilation(registry);
  auto context = std::make_shared<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  std::string messages;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, context.get());
  if (!module)
    throw std::runtime_error(messages);
  PassManager pm(context.get(), ModuleOp::getOperationName());
  pm.addPass(createConfigureCpuKernels());
  EmitCpuKernelsOptions options;
  options.level = cpu::traitsOf(level).name.str();
  pm.addPass(createEmitCpuKernels(options));
  if (failed(pm.run(*module)))
    throw std::runtime_error(messages);
  auto emitted = module->lookupSymbol<ModuleOp>(cpu::traitsOf(level).moduleName);
  FailureOr<llvm::SmallVector<char>> object = cpu::compileCpuModule(emitted, level);
  if (failed(object))
    throw std::runtime_error(messages);
  bytes = object->size();
  library = loadLibrary(*object);
  module->walk([&](kernel::LaunchOpInterface op) {
    std::string name = op.getKernelAttr().str();
    void *symbol = dlsym(library, name.c_str());
    if (!symbol)
      throw std::runtime_error("no symbol " + name);
    auto items = [context, grid = op.getLaunchAttr().getGrid()](int64_t rows, int64_t sequences) {
      return countItems(grid, rows, sequences);
    };
    kernels[name] = {reinterpret_cast<Function>(symbol), items, op.getLaunchAttr().getScratch()};
  });
}

CompiledKernels::~CompiledKernels() {
  if (library)
    dlclose(library);
}

void CompiledKernels::run(const std::string &name, const Arguments &arguments, int64_t rows,
                          int64_t sequences, int64_t chunk, bool reversed) {
  const Kernel &kernel = kernels.at(name);
  int64_t items = kernel.items(rows, sequences), chunks = (items + chunk - 1) / chunk;
  Buffer<char> scratch(kernel.scratchBytes);
  for (int64_t i = 0; i < chunks; ++i) {
    int64_t begin = (reversed ? chunks - 1 - i : i) * chunk;
    // What an earlier item left must not matter.
    std::memset(scratch.data(), 0xff, scratch.size());
    kernel.function(arguments.data(), begin, std::min(begin + chunk, items), scratch.data());
  }
}
