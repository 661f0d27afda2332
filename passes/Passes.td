//===- Passes.td - passes on llm graphs -----------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_PASSES_TD
#define QOPT_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

class ModelPass<string name> : Pass<name, "mlir::ModuleOp"> {
  let dependentDialects = ["llm::LlmDialect", "mlir::func::FuncDialect"];
}

def FuseProjections : ModelPass<"fuse-projections"> {
  let summary = "Linears with one input become one linear over stacked weights, and slices";
  let description = [{
    Queries, keys and values, and gate and up projections: one product reads the input once and has
    more columns to share among threads. `@load` stacks the weights, and the biases where all have one,
    as new parameters; of quantized linears with one scheme, codes, scales and zeros. Linears whose
    weights cannot be stacked (types or schemes differ, only some have a bias, a weight is used
    elsewhere, too) are left alone with a remark.

    ```mlir
    %wq = llm.get @q_proj.weight : tensor<256x256xbf16>
    %q = llm.linear %x, %wq : tensor<?x256xf32>, tensor<256x256xbf16> -> tensor<?x256xf32>
    %wk = llm.get @k_proj.weight : tensor<128x256xbf16>
    %k = llm.linear %x, %wk : tensor<?x256xf32>, tensor<128x256xbf16> -> tensor<?x128xf32>
    // becomes
    %w = llm.get @qk_proj.weight : tensor<384x256xbf16>
    %qk = llm.linear %x, %w : tensor<?x256xf32>, tensor<384x256xbf16> -> tensor<?x384xf32>
    %q = llm.slice %qk at 0 : tensor<?x384xf32> -> tensor<?x256xf32>
    %k = llm.slice %qk at 256 : tensor<?x384xf32> -> tensor<?x128xf32>
    ```
  }];
  let statistics = [
    Statistic<"numFused", "fused", "Linears that became part of another">,
    Statistic<"numLeft", "left", "Linears with a common input that were left alone">
  ];
}

def Specialize : ModelPass<"specialize"> {
  let summary = "@forward and @head become @prefill, @decode, @prefill_head and @decode_head";
  let description = [{
    Prefill forms take any number of rows. Decode forms take one: every `tensor<?x..>` is a
    `tensor<1x..>`, so that later passes see a static number of rows. A module without `@forward` and
    `@head` is specialized already and stays as it is.
  }];
  let statistics = [Statistic<"numSpecialized", "specialized", "Functions that got two forms">];
}

def PackWeights : ModelPass<"pack-weights"> {
  let summary = "Weights of linears are put in panels";
  let description = [{
    `@load` packs (llm.pack) the weight and bias of each linear, and a table that a linear shares with
    embeddings, as new parameters; so also codes, scales and zeros of q.linear and q.embedding. Where a linear without bias makes both halves of a gated MLP,
    `mul(act(half), other half)`, its halves are interleaved (`ways = 2`), so that one kernel finishes
    both. A parameter that something else reads, too, is left alone with a remark.

    With `compact`, codes of 6 bits, and scales that need not be f32, are packed in their denser form
    (q.compact), which kernels of the CPU read.
  }];
  let options = [
    Option<"compact", "compact", "bool", "false", "denser codes and scales, for CPUs alone">
  ];
  let statistics = [
    Statistic<"numPacked", "packed", "Parameters packed">,
    Statistic<"numLeft", "left", "Weights of linears left alone">
  ];
}

def PruneParams : ModelPass<"prune-params"> {
  let summary = "Remove parameters that nothing reads";
  let description = [{
    Also what `@load` computes for them, and `@load` itself when nothing is left of it. Parameters
    that only `@load` reads stay: it computes others from them.
  }];
  let statistics = [Statistic<"numPruned", "pruned", "Parameters removed">];
}

#endif // QOPT_PASSES_PASSES_TD
