//===- KernelDialect.td - one op is one launch ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_KERNEL_KERNELDIALECT_TD
#define QOPT_DIALECTS_KERNEL_KERNELDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::qopt::kernel";
  let summary = "One op is one launch";
  let description = [{
    What runs on a device, still on tensors: matrix products, attention, norms, pointwise maps.
    Neighbours are fused by inlining scalar regions, so a fusion is never a new kernel. Functions
    carry the target that they are for (`kernel.target = "cpu"` or `"ptx"`); configuration passes
    fill in `launch` and `config`; `plan-buffers` assigns `slot`s; both are attributes, to be seen
    and tested. Both targets' emitters read the same ops.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Kernel_Attr<string name, string attrMnemonic> : AttrDef<Kernel_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Kernel_LaunchAttr : Kernel_Attr<"Launch", "launch"> {
  let summary = "how a kernel is launched";
  let description = [{
    `grid` maps the symbols (T rows of the function, B sequences) to one to three factors, x first,
    each a constant, T, B, or a `ceildiv` of T or B. On a CPU their product is the number of work
    items, x fastest, and `scratch` the bytes each worker needs; on a GPU they are the grid, `block`
    the threads of a block and `shared` its dynamic shared memory in bytes.

    `#kernel.launch<grid = ()[T, B] -> (24, T ceildiv 64), block = 128, shared = 49152>`
  }];
  let parameters = (ins "::mlir::AffineMap":$grid,
                        DefaultValuedParameter<"int64_t", "0">:$block,
                        DefaultValuedParameter<"int64_t", "0">:$shared,
                        DefaultValuedParameter<"int64_t", "0">:$scratch);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Kernel_NormKind : I32EnumAttr<"NormKind", "which normalization",
    [I32EnumAttrCase<"Rms", 0, "rms">, I32EnumAttrCase<"Layer", 1, "layer">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::qopt::kernel";
}
def Kernel_NormKindAttr : EnumAttr<Kernel_Dialect, Kernel_NormKind, "norm_kind">;

#endif // QOPT_DIALECTS_KERNEL_KERNELDIALECT_TD
