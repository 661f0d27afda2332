//===- KernelInterfaces.td - what every launch has in common --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_KERNEL_KERNELINTERFACES_TD
#define QOPT_DIALECTS_KERNEL_KERNELINTERFACES_TD

include "mlir/IR/OpBase.td"

def Kernel_LaunchOpInterface : OpInterface<"LaunchOpInterface"> {
  let cppNamespace = "::qopt::kernel";
  let description = [{
    The argument list is the ABI between the emitted kernel and the runtime: `getArguments()` gives
    the arguments in order, each 8 bytes; emitters index them and the plan lists them.
  }];
  let methods = [
    InterfaceMethod<"the arguments of the kernel, in ABI order",
      "::llvm::SmallVector<::qopt::kernel::Argument>", "getKernelArguments">,
    InterfaceMethod<"how it is launched; null before configuration",
      "::qopt::kernel::LaunchAttr", "getLaunchAttr">,
    InterfaceMethod<"sets how it is launched", "void", "setLaunchAttr",
      (ins "::qopt::kernel::LaunchAttr":$launch)>,
    InterfaceMethod<"target-specific choices (tile sizes); null before configuration",
      "::mlir::DictionaryAttr", "getConfigAttr">,
    InterfaceMethod<"sets the target-specific choices", "void", "setConfigAttr",
      (ins "::mlir::DictionaryAttr":$config)>,
    InterfaceMethod<"the emitted function; null before kernels are named",
      "::mlir::StringAttr", "getKernelAttr">,
    InterfaceMethod<"sets the emitted function", "void", "setKernelAttr",
      (ins "::mlir::StringAttr":$kernel)>,
    InterfaceMethod<"the arena slot of each result; null before buffers are planned",
      "::mlir::DenseI64ArrayAttr", "getSlotsAttr">,
    InterfaceMethod<"sets the arena slot of each result", "void", "setSlotsAttr",
      (ins "::mlir::DenseI64ArrayAttr":$slots)>
  ];
  let verify = "return ::qopt::kernel::verifyLaunchOp($_op);";
}

#endif // QOPT_DIALECTS_KERNEL_KERNELINTERFACES_TD
