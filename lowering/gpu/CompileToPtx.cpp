//===- CompileToPtx.cpp - gpu.module to PTX text --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/gpu/CompileToPtx.h"
#include "lowering/gpu/Passes.h"
#include "lowering/gpu/PtxFeatures.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace qopt;
using llvm::StringRef;

void qopt::registerPtxDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, cf::ControlFlowDialect, gpu::GPUDialect, LLVM::LLVMDialect,
                  math::MathDialect, NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
  arith::registerConvertArithToLLVMInterface(registry);
  cf::registerConvertControlFlowToLLVMInterface(registry);
  registerConvertMathToLLVMInterface(registry);
  vector::registerConvertVectorToLLVMInterface(registry);
  registerBuiltinDialectTranslation(registry);
  registerGPUDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registerNVVMDialectTranslation(registry);
}

/// Rewrites the module's functions in the llvm and nvvm dialects.
static LogicalResult lowerToNvvm(ModuleOp holder) {
  PassManager manager(holder->getContext());
  OpPassManager &pm = manager.nest<gpu::GPUModuleOp>();
  pm.addPass(createLowerMathToPtx());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createConvertVectorToLLVMPass());
  ConvertGpuOpsToNVVMOpsOptions options;
  options.useBarePtrCallConv = true;
  pm.addPass(createConvertGpuOpsToNVVMOps(options));
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCSEPass());
  return manager.run(holder);
}

/// Parameters that are generic pointers stand for tensor maps: 128 bytes each, used where they are
/// (the lowering of gpu.func would drop attributes that say so).
static void passTensorMapsByValue(gpu::GPUModuleOp module) {
  Builder builder(module.getContext());
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
      auto pointer = dyn_cast<LLVM::LLVMPointerType>(type);
      if (!pointer || pointer.getAddressSpace() != 0)
        continue;
      function.setArgAttr(i, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes));
      function.setArgAttr(i, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64));
      function.setArgAttr(i, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
    }
}

/// Writes instructions that LLVM has no intrinsic for as inline PTX.
static LogicalResult lowerToInlinePtx(ModuleOp holder) {
  PassManager manager(holder->getContext());
  manager.nest<gpu::GPUModuleOp>().addPass(createConvertNVVMToLLVMPass());
  return manager.run(holder);
}

/// PTX modules stand alone: whatever is declared must be defined.
static LogicalResult checkSelfContained(gpu::GPUModuleOp module) {
  for (auto function : module.getOps<LLVM::LLVMFuncOp>())
    if (function.isExternal())
      return function.emitError() << "a kernel calls '" << function.getName()
                                  << "', which a PTX module cannot provide";
  return success();
}

static std::unique_ptr<llvm::TargetMachine> createTargetMachine(const ptx::Chip &chip,
                                                                unsigned ptxVersion, Location loc) {
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget("", triple, error);
  if (!target) {
    emitError(loc) << "this LLVM cannot write PTX: " << error;
    return nullptr;
  }
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, chip.name, "+ptx" + std::to_string(ptxVersion), llvm::TargetOptions(), std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  // The emitters have unrolled and vectorized what gains from it; more would spill.
  llvm::PipelineTuningOptions tuning;
  tuning.LoopUnrolling = tuning.LoopInterleaving = tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  llvm::PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3).run(module, modules);
}

FailureOr<std::string> qopt::compileToPtx(gpu::GPUModuleOp module, StringRef chipName,
                                          unsigned ptxVersion) {
  Location loc = module.getLoc();
  const ptx::Chip *chip = ptx::findChip(chipName, loc);
  if (!chip)
    return failure();

  OwningOpRef<ModuleOp> holder = ModuleOp::create(loc);
  auto copy = cast<gpu::GPUModuleOp>(module->clone());
  holder->push_back(copy);
  if (failed(lowerToNvvm(*holder)) || failed(checkSelfContained(copy)))
    return failure();
  passTensorMapsByValue(copy);
  FailureOr<unsigned> required = ptx::requiredPtxVersion(copy, *chip);
  if (failed(required))
    return failure();
  if (ptxVersion == 0)
    ptxVersion = *required;
  if (ptxVersion < *required)
    return emitError(loc) << "the kernels need PTX " << *required / 10 << "." << *required % 10
                          << " on " << chip->name << ", not " << ptxVersion / 10 << "."
                          << ptxVersion % 10;
  if (failed(lowerToInlinePtx(*holder)))
    return failure();

  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(copy, context, "kernels");
  if (!llvmModule)
    return emitError(loc) << "cannot translate '" << module.getName() << "' to LLVM IR";
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine(*chip, ptxVersion, loc);
  if (!machine)
    return failure();
  llvmModule->setTargetTriple(machine->getTargetTriple());
  llvmModule->setDataLayout(machine->createDataLayout());
  optimize(*llvmModule, *machine);

  llvm::SmallString<0> text;
  llvm::raw_svector_ostream stream(text);
  llvm::legacy::PassManager codegen;
  if (machine->addPassesToEmitFile(codegen, stream, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return emitError(loc) << "this LLVM cannot write PTX text";
  codegen.run(*llvmModule);
  return StringRef(text).rtrim('\0').str();
}
