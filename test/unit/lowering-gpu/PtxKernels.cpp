//===- PtxKernels.cpp - kernels from text to a launch on the emulator -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/unit/lowering-gpu/PtxKernels.h"
#include "dialects/kernel/Kernel.h"
#include "dialects/q/Q.h"
#include "lowering/gpu/CompileToPtx.h"
#include "lowering/gpu/Passes.h"
#include "lowering/kernels/Passes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/formats/FloatConvert.h"
#include <stdexcept>

using namespace mlir;
using namespace qopt;
using namespace qopt::test;

/// The grid of a launch for T rows and B sequences.
static emulator::Extent evaluate(AffineMap grid, int64_t rows, int64_t sequences) {
  Builder builder(grid.getContext());
  SmallVector<Attribute> factors;
  if (failed(grid.constantFold({builder.getIndexAttr(rows), builder.getIndexAttr(sequences)},
                               factors)))
    throw std::runtime_error("the grid does not fold");
  emulator::Extent extent = {1, 1, 1};
  for (auto [i, factor] : llvm::enumerate(factors))
    extent[i] = uint32_t(cast<IntegerAttr>(factor).getInt());
  return extent;
}

PtxKernels::PtxKernels(const std::string &text, const std::string &chip) {
  DialectRegistry registry;
  registry.insert<func::FuncDialect, llm::LlmDialect, q::QDialect, kernel::KernelDialect>();
  registerPtxDialects(registry);
  auto context = std::make_shared<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  std::string messages;
  ScopedDiagnosticHandler handler(context.get(), [&](Diagnostic &diagnostic) {
    messages += diagnostic.str() + "\n";
    return success();
  });
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(text, context.get());
  if (!module)
    throw std::runtime_error(messages);
  PassManager pm(context.get(), ModuleOp::getOperationName());
  pm.addNestedPass<func::FuncOp>(createFuseDecodeAttention());
  pm.addNestedPass<func::FuncOp>(createConfigurePtxKernels());
  pm.addPass(createNameKernels());
  pm.addPass(createEmitPtxKernels({chip}));
  if (failed(pm.run(*module)))
    throw std::runtime_error(messages);
  FailureOr<std::string> ptx =
      compileToPtx(module->lookupSymbol<gpu::GPUModuleOp>("ptx_" + chip), chip);
  if (failed(ptx))
    throw std::runtime_error(messages);
  run = std::make_unique<emulator::KernelRun>(*ptx, /*threads=*/2);
  run->instructionLimit = uint64_t(1) << 32;
  module->walk([&](kernel::LaunchOpInterface op) {
    kernel::LaunchAttr launch = op.getLaunchAttr();
    auto grid = [context, map = launch.getGrid()](int64_t rows, int64_t sequences) {
      return evaluate(map, rows, sequences);
    };
    kernels[op->getName().getStringRef().str()] = {
        op.getKernelAttr().str(), grid, uint32_t(launch.getBlock()), uint32_t(launch.getShared())};
  });
}

emulator::Statistics PtxKernels::launch(const std::string &op,
                                        const std::vector<uint64_t> &arguments, int64_t rows,
                                        int64_t sequences) {
  const Kernel &kernel = kernels.at(op);
  return run->launch(kernel.name, kernel.grid(rows, sequences), {kernel.block, 1, 1}, arguments,
                     kernel.shared);
}

Rows::Rows(int64_t rows, int64_t columns, bool isBf16, Normal *contents)
    : rows(rows), columns(columns), stride(roundUp(columns, 32)), isBf16(isBf16),
      values(rows * columns) {
  if (contents)
    for (double &value : values) {
      float number = contents->next();
      value = isBf16 ? bf16ToF32(f32ToBf16(number)) : number;
    }
}

uint64_t Rows::upload(emulator::KernelRun &device, double padding) const {
  std::vector<float> floats(rows * stride, float(padding));
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      floats[row * stride + column] = float(at(row, column));
  if (!isBf16)
    return device.upload(floats);
  std::vector<uint16_t> halves(floats.size());
  std::transform(floats.begin(), floats.end(), halves.begin(), f32ToBf16);
  return device.upload(halves);
}

void Rows::download(emulator::KernelRun &device, uint64_t address) {
  std::vector<uint16_t> halves;
  std::vector<float> floats;
  if (isBf16)
    halves = device.download<uint16_t>(address, rows * stride);
  else
    floats = device.download<float>(address, rows * stride);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column)
      at(row, column) =
          isBf16 ? bf16ToF32(halves[row * stride + column]) : floats[row * stride + column];
}
