//===- EmittedModules.cpp - objects and PTX of a module -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/EmittedModules.h"
#include "dialects/kernel/Kernel.h"
#include "lowering/artifact/PlanFunctions.h"
#include "lowering/cpu/CompileCpuModule.h"
#include "lowering/gpu/CompileToPtx.h"
#include "lowering/gpu/Emitters.h"
#include "lowering/gpu/Ptxas.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace qopt;
using llvm::FailureOr;

static FailureOr<std::string> toString(FailureOr<SmallVector<char>> bytes) {
  if (failed(bytes))
    return failure();
  return std::string(bytes->begin(), bytes->end());
}

static TargetModules findCpuModules(ModuleOp module, SmallVectorImpl<EmittedFile> &files) {
  TargetModules target{"cpu"};
  for (cpu::CpuLevel level : cpu::kCpuLevels) {
    const cpu::CpuLevelTraits &traits = cpu::traitsOf(level);
    auto emitted = module.lookupSymbol<ModuleOp>(traits.moduleName);
    if (!emitted)
      continue;
    std::string file = ("kernels." + traits.name + ".so").str();
    OrderedJson features = OrderedJson::array();
    for (StringRef feature : traits.required)
      features.push_back(feature.str());
    target.modules.push_back(
        {{"file", file}, {"level", traits.name.str()}, {"requires", std::move(features)}});
    files.push_back(
        {file, [emitted, level] { return toString(cpu::compileCpuModule(emitted, level)); }});
  }
  return target;
}

/// Kernels that this module launches in another way than the plan's functions say.
static OrderedJson planLaunches(gpu::GPUModuleOp emitted) {
  OrderedJson launches = OrderedJson::object();
  for (auto function : emitted.getOps<gpu::GPUFuncOp>()) {
    auto launch = function->getAttrOfType<kernel::LaunchAttr>(ptx::kLaunchOverride);
    if (!launch)
      continue;
    OrderedJson &json = launches[function.getName().str()];
    json = {
        {"grid", planGrid(launch)}, {"block", launch.getBlock()}, {"shared", launch.getShared()}};
    for (auto map :
         function->getAttrOfType<ArrayAttr>(ptx::kTensorMaps).getAsRange<DictionaryAttr>()) {
      auto numbers = [&](StringRef name) {
        OrderedJson list = OrderedJson::array();
        for (int64_t number : map.getAs<DenseI64ArrayAttr>(name).asArrayRef())
          list.push_back(ShapedType::isDynamic(number) ? OrderedJson("T") : OrderedJson(number));
        return list;
      };
      json["tensor_maps"].push_back({{"argument", map.getAs<IntegerAttr>("argument").getInt()},
                                     {"sizes", numbers("sizes")},
                                     {"strides", numbers("strides")},
                                     {"box", numbers("box")}});
    }
  }
  return launches;
}

static TargetModules findPtxModules(ModuleOp module, SmallVectorImpl<EmittedFile> &files) {
  TargetModules target{"ptx"};
  for (auto emitted : module.getOps<gpu::GPUModuleOp>()) {
    StringRef chip = emitted.getName();
    if (!chip.consume_front("ptx_"))
      continue;
    // The first is the one for all machines; specialised ones have their chip's name.
    std::string file = target.modules.empty() ? "kernels.ptx" : ("kernels." + chip + ".ptx").str();
    OrderedJson json{{"file", file}, {"chip", chip.str()}};
    if (auto type = emitted->getAttrOfType<StringAttr>(ptx::kFp8Products))
      json["fp8_products"] = type.str();
    if (emitted->hasAttr(ptx::kProgrammaticLaunch))
      json["programmatic_launch"] = true;
    if (OrderedJson launches = planLaunches(emitted); !launches.empty())
      json["launches"] = std::move(launches);
    target.modules.push_back(json);
    auto assembler = emitted->getAttrOfType<StringAttr>(ptx::kAssembler);
    if (!assembler) {
      files.push_back({file, [emitted, chip] { return compileToPtx(emitted, chip); }});
      continue;
    }
    // Files are compiled in order: machine code is made of what the PTX has become.
    auto text = std::make_shared<std::string>();
    files.push_back({file, [emitted, chip, text]() -> FailureOr<std::string> {
                       FailureOr<std::string> ptx = compileToPtx(emitted, chip);
                       if (succeeded(ptx))
                         *text = *ptx;
                       return ptx;
                     }});
    std::string cubin = ("kernels." + chip + ".cubin").str();
    json["file"] = cubin;
    target.modules.push_back(std::move(json));
    files.push_back({cubin, [emitted, chip, text, assembler] {
                       return assemblePtx(emitted, chip, *text, assembler);
                     }});
  }
  return target;
}

FailureOr<EmittedModules> EmittedModules::find(ModuleOp module) {
  EmittedModules result;
  llvm::SetVector<StringRef> names;
  for (auto function : module.getOps<func::FuncOp>())
    if (auto target = function->getAttrOfType<StringAttr>(kernel::kTargetAttr))
      names.insert(target.getValue());
  if (names.empty())
    return module.emitError("there are no kernel functions; the default pipeline makes them, after "
                            "all passes that change the model");
  for (StringRef name : names) {
    result.targets.push_back(name == "cpu" ? findCpuModules(module, result.files)
                                           : findPtxModules(module, result.files));
    if (result.targets.back().modules.empty())
      return module.emitError() << "the kernels for " << name << " are not emitted; run emit-"
                                << name << "-kernels";
  }
  return result;
}
