//===- KernelOps.td - the kernels -----------------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_KERNEL_KERNELOPS_TD
#define QOPT_DIALECTS_KERNEL_KERNELOPS_TD

include "dialects/kernel/KernelDialect.td"
include "dialects/kernel/KernelInterfaces.td"
include "dialects/llm/LlmDialect.td"
include "dialects/q/QDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

/// Regions of scalars (epilogues, map bodies) hold `arith` and `math` ops on f32 only and use nothing
/// from outside: emitters widen what they load and narrow what they store, whatever the tensors'
/// element types are, and turn the ops into vectors or leave them scalar.
///
/// An op that is one launch. Attributes that passes fill in, in order: `config` and `launch`
/// (configure-*-kernels), `kernel` (name-kernels), `slots` (plan-buffers: one index per result).
class Kernel_Op<string mnemonic, list<Trait> traits = []>
    : Op<Kernel_Dialect, mnemonic,
         traits # [DeclareOpInterfaceMethods<Kernel_LaunchOpInterface, ["getKernelArguments"]>]>;

defvar LaunchAttributes = (ins OptionalAttr<DictionaryAttr>:$config,
                               OptionalAttr<Kernel_LaunchAttr>:$launch,
                               OptionalAttr<StrAttr>:$kernel,
                               OptionalAttr<DenseI64ArrayAttr>:$slots);

/// Activations are f32; values that only matrix products and attention read are bf16 on GPUs.
def Kernel_Activation : RankedTensorOf<[F32, BF16]>;
/// x of a product may be codes.
def Kernel_Operand : RankedTensorOf<[F32, BF16, I8]>;
/// Scales, and zeros, of codes.
def Kernel_CodeParameters : RankedTensorOf<[F32]>;
/// Those of weights in panels, which may have a denser form (q.compact).
def Kernel_PackedParameters : RankedTensorOf<[F32, F16, I8]>;
def Kernel_Indices : RankedTensorOf<[I32]>;
def Kernel_Weight : RankedTensorOf<[AnyType]>;

def Kernel_GatherOp : Kernel_Op<"gather", [Pure, AttrSizedOperandSegments]> {
  let summary = "`result[t] = table[indices[t]]`, converted to the result's type";
  let description = [{
    The table is a weight `[V, D]`, a packed weight `[ceil(V/32), D, 32]` (an embedding tied to the
    head), or an activation. Without indices, rows are gathered by the token's position (learned
    position embeddings). A packed table may be codes, with scales and zeros as those of
    kernel.matmul; they are dequantized.

    Arguments: table, [scales, zeros], [indices | token_pos], result, T.
  }];
  let arguments = !con((ins AnyRankedTensor:$table,
                            Variadic<Kernel_PackedParameters>:$table_parameters,
                            Optional<Kernel_Indices>:$indices,
                            OptionalAttr<Q_SchemeAttr>:$table_scheme),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result);
  let assemblyFormat = [{
    $table (`scales` `(` $table_parameters^ `:` type($table_parameters) `)`)? (`at` $indices^)?
    attr-dict `:` type($table) (`,` type($indices)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Kernel_NormOp : Kernel_Op<"norm", [Pure, AttrSizedOperandSegments, AttrSizedResultSegments]> {
  let summary = "RMS or layer norm of each row, optionally of a sum that is also a result";
  let description = [{
    With a residual, `sum = x + residual` is stored and normalized. A bias belongs to layer norms.
    With a `result_scheme` the result is what kernel.quantize makes of the norm: codes with scales, or
    with the scale given.

    Arguments: x, [residual], weight, [bias], [given scale], [sum], result, [scales], T.
  }];
  let arguments = !con((ins Kernel_NormKindAttr:$kind, Kernel_Activation:$x,
                            Optional<Kernel_Activation>:$residual, Kernel_Weight:$weight,
                            Optional<Kernel_Weight>:$bias, Optional<Kernel_CodeParameters>:$scale,
                            F64Attr:$eps, OptionalAttr<Q_SchemeAttr>:$result_scheme),
                       LaunchAttributes);
  let results = (outs Kernel_Operand:$result, Optional<Kernel_Activation>:$sum,
                      Optional<Kernel_CodeParameters>:$scales);
  let assemblyFormat = [{
    `` $kind $x (`plus` $residual^ `:` type($residual))? `,` $weight
    (`bias` $bias^ `:` type($bias))? (`by` $scale^ `:` type($scale))? attr-dict `:` type($x) `,`
    type($weight) `->` type($result) (`,` type($sum)^)? (`scaled` type($scales)^)?
  }];
  let hasVerifier = 1;
}

def Kernel_MatmulOp : Kernel_Op<"matmul", [Pure, AttrSizedOperandSegments]> {
  let summary = "`x W^T` with an epilogue on each finished element";
  let description = [{
    `W` is packed: `[panels, K, 32]` (llm.pack). The region's first `ways` arguments are the finished
    f32 sums: `acc_w = sum_k x[t, k] W[w H + j, k]` for output column `j` of `H = N / ways`. Then
    follows one scalar for each extra: a row vector `[panels, 32]` (a packed bias; indexed by column;
    `ways = 1` only) or an activation `[T, H]` (a residual; indexed by row and column). The region yields the result
    element. `columns` is H, without the padding of the last panel.

    With a `weight_scheme`, W is codes, in the same panels (of 4 bits two to a byte,
    `[panels, ceil(K/2), 32]`), with scales and, where the scheme has them, zeros
    `[panels, G, 32]`, G = 1 by row or K over the group: `W = scale * code`, `scale * (code - zero)` or
    `scale * code + zero` (runtime/quantization/Scheme.h). With an `x_scheme`, x is 8-bit codes too, int8 or
    fp8, with scales by row, tensor or group.

    Summation runs over k in order, one fused multiply-add each, whatever the number of rows, so that
    a token's result does not depend on what else is in the batch (CPU).

    ```mlir
    %h2 = kernel.matmul %x, %w ways 1 extras(%h : tensor<?x256xf32>) {columns = 256}
        : tensor<?x256xf32>, tensor<8x256x32xbf16> -> tensor<?x256xf32> {
    ^bb0(%acc: f32, %residual: f32):
      %0 = arith.addf %acc, %residual : f32
      kernel.yield %0 : f32
    }
    ```

    Arguments: x, [x scales], weight, [weight scales, zeros], extras..., result, T.
  }];
  let arguments = !con((ins Kernel_Operand:$x, Optional<Kernel_CodeParameters>:$x_scales,
                            Kernel_Weight:$weight,
                            Variadic<Kernel_PackedParameters>:$weight_parameters, I64Attr:$ways,
                            Variadic<AnyRankedTensor>:$extras, I64Attr:$columns,
                            OptionalAttr<Q_SchemeAttr>:$weight_scheme,
                            OptionalAttr<Q_SchemeAttr>:$x_scheme),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $x (`scaled` $x_scales^ `:` type($x_scales))? `,` $weight
    (`scales` `(` $weight_parameters^ `:` type($weight_parameters) `)`)? `ways` $ways (`extras` `(` $extras^ `:` type($extras) `)`)? attr-dict `:`
    type($x) `,` type($weight) `->` type($result) $epilogue
  }];
  let hasVerifier = 1;
}

def Kernel_MapOp : Kernel_Op<"map", [Pure]> {
  let summary = "a scalar region applied to each element; what is left after fusion";
  let description = [{
    Inputs are read at column `j + offsets[i]`, so that slices need no copy. Arguments: inputs...,
    result, T.
  }];
  let arguments = !con((ins Variadic<Kernel_Activation>:$inputs, DenseI64ArrayAttr:$offsets),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $inputs attr-dict `:` type($inputs) `->` type($result) $body
  }];
  let hasVerifier = 1;
}

def Kernel_QuantizeOp : Kernel_Op<"quantize", [Pure, AttrSizedOperandSegments]> {
  let summary = "codes and scales of an activation, computed by a scalar region";
  let description = [{
    `q.quantize` on activations: 8-bit codes with scales by row `[T, 1]`, group `[T, K/g]` or tensor
    `[1, 1]` as a second result, or with the scale of a tensor given. A result of f32 or bf16 is the
    values that the codes stand for instead (quantize and dequantize in one), and has no scales; fp8
    has no other form on CPUs. Inputs, offsets and region are those of kernel.map; the region yields
    what is quantized. One scale for all rows makes a row depend on its batch.

    ```mlir
    %codes, %scales = kernel.quantize %x {offsets = array<i64: 0>, scheme = #int8_row}
        : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32> {
    ^bb0(%a: f32):
      kernel.yield %a : f32
    }
    ```

    Arguments: inputs..., [given scale], result, [scales], T.
  }];
  let arguments = !con((ins Variadic<Kernel_Activation>:$inputs,
                            Optional<Kernel_CodeParameters>:$scale, DenseI64ArrayAttr:$offsets,
                            Q_SchemeAttr:$scheme), LaunchAttributes);
  let results = (outs Kernel_Operand:$result, Optional<Kernel_CodeParameters>:$scales);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $inputs (`by` $scale^ `:` type($scale))? attr-dict `:` type($inputs) `->` type($result)
    (`,` type($scales)^)? $body
  }];
  let hasVerifier = 1;
}

def Kernel_RopeAppendOp
    : Kernel_Op<"rope_append", [MemoryEffects<[MemWrite]>, AttrSizedOperandSegments,
                                DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "optional q/k norm, rotary embedding, KV append: one pass over q, k and v";
  let description = [{
    q, k and v are read from columns `offsets[0..2]` of their tensors (the same tensor where
    projections are fused). Heads of q and k are normalized (`q_norm`, `k_norm`, RMS with `eps`),
    rotated (`rope`; absent for learned positions), k and v are stored in the cache, and q is the
    result, `[T, heads * head_dim]`. With `keys_unrotated`, q alone is rotated: attention rotates the
    keys that it reads.

    Arguments: q, k, v, [q_norm, k_norm], result, K pool, V pool, [K window], [V window], [slots],
    [rope_table], token_seq, token_pos, page_table, max_pages, T. Windows are those of formats with
    a `residual`.
  }];
  let arguments = !con((ins Kernel_Activation:$q, Kernel_Activation:$k, Kernel_Activation:$v,
                            Optional<Kernel_Weight>:$q_norm, Optional<Kernel_Weight>:$k_norm,
                            FlatSymbolRefAttr:$cache, DenseI64ArrayAttr:$offsets, I64Attr:$heads,
                            OptionalAttr<F64Attr>:$eps, OptionalAttr<Llm_RopeAttr>:$rope,
                            UnitAttr:$keys_unrotated),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`norms` $q_norm^ `,` $k_norm `:` type($q_norm) `,` type($k_norm))?
    `into` $cache attr-dict `:` type($q) `,` type($k) `,` type($v) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Kernel_AttentionOp
    : Kernel_Op<"attention", [MemoryEffects<[MemRead]>,
                              DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "causal attention of each row over its sequence's cached keys and values";
  let description = [{
    Online softmax over pages of 128 tokens in order. With `rope`, cached keys are those before their
    rotary embedding, and k is `rope(cached + key_bias)`. Arguments: q, [key_bias], result, K pool,
    V pool, [K window], [V window], [slots], [rope_table], seq_start, past, token_seq, token_pos,
    page_table, max_pages, T, B.
  }];
  let arguments = !con((ins Kernel_Activation:$q, Optional<Kernel_Weight>:$key_bias,
                            FlatSymbolRefAttr:$cache, I64Attr:$heads, F64Attr:$scale,
                            OptionalAttr<Llm_SasAttr>:$softmax, OptionalAttr<Llm_RopeAttr>:$rope),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result);
  let assemblyFormat = [{
    $q `over` $cache (`bias` $key_bias^ `:` type($key_bias))? attr-dict `:` type($q)
    `->` type($result)
  }];
  let hasVerifier = 1;
}

def Kernel_AppendAttentionOp
    : Kernel_Op<"append_attention", [MemoryEffects<[MemRead, MemWrite]>, AttrSizedOperandSegments,
                                     DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "rope_append and attention in one launch: one new token for each sequence";
  let description = [{
    Each row is the newest token of a sequence of its own. What `kernel.rope_append` stores is stored
    and the rows attend to their sequences, themselves included. The past of a row is cut into up to
    `splits` parts that are computed apart, so that one long sequence fills a device; whoever finishes
    last combines them. `partials`, present where `splits` > 1, is where they wait: for each part and
    head, `head_dim` rounded up to 8 sums, a maximum and a sum of weights. Where the cache's keys are
    `before_rope`, k is stored as it is and `rope(cached + key_bias)` is what the rows attend to.

    Arguments: q, k, v, [q_norm, k_norm], [key_bias], result, [partials], K pool, V pool, [K window],
    [V window], [slots], [rope_table], token_seq, token_pos, page_table, max_pages, [counters], T.
  }];
  let arguments = !con((ins Kernel_Activation:$q, Kernel_Activation:$k, Kernel_Activation:$v,
                            Optional<Kernel_Weight>:$q_norm, Optional<Kernel_Weight>:$k_norm,
                            Optional<Kernel_Weight>:$key_bias,
                            FlatSymbolRefAttr:$cache, DenseI64ArrayAttr:$offsets, I64Attr:$heads,
                            OptionalAttr<F64Attr>:$eps, OptionalAttr<Llm_RopeAttr>:$rope,
                            F64Attr:$scale, OptionalAttr<Llm_SasAttr>:$softmax,
                            I64Attr:$splits),
                       LaunchAttributes);
  let results = (outs Kernel_Activation:$result, Optional<Kernel_Activation>:$partials);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`norms` $q_norm^ `,` $k_norm `:` type($q_norm) `,` type($k_norm))?
    `over` $cache (`bias` $key_bias^ `:` type($key_bias))? attr-dict
    `:` type($q) `,` type($k) `,` type($v) `->` type($result) (`,` type($partials)^)?
  }];
  let extraClassDeclaration = [{
    /// Columns of `partials` for heads of `headDim` elements.
    static int64_t getPartialColumns(int64_t splits, int64_t heads, int64_t headDim);
  }];
  let hasVerifier = 1;
}

def Kernel_ScoreOp : Kernel_Op<"score", [Pure]> {
  let summary = "what a row of logits says of the next token, in a few numbers";
  let description = [{
    For each row x of the logits, `columns` f32: the id of the greatest (of equal ones the smallest),
    x's greatest, the sum of `exp(x[i] - greatest)`, x at the row's target, and the first id whose logit
    is infinite or not a number, or -1: then the others mean nothing. So the logarithm of the target's
    probability is `x[target] - greatest - log(sum)`. Ids are below 2^24, which f32 holds. The id of the
    greatest is also what the next step reads as its input (next_ids).

    Sums are of f32, added in pairs: a logarithm of a probability is within 2e-6 of float64's. A row is
    cut into parts, a block each; where there are several, `partials` holds four numbers of each for the
    block that finishes last.

    Arguments: logits, targets, result, [partials], next_ids, [counters], T.
  }];
  let arguments = !con((ins RankedTensorOf<[F32]>:$logits, Kernel_Indices:$targets),
                       LaunchAttributes);
  let results = (outs RankedTensorOf<[F32]>:$result, Optional<RankedTensorOf<[F32]>>:$partials);
  let assemblyFormat = [{
    $logits `,` $targets attr-dict `:` type($logits) `,` type($targets) `->` type($result)
    (`,` type($partials)^)?
  }];
  let extraClassDeclaration = [{
    /// Columns of the result, and of `partials` for each part.
    static constexpr int64_t kColumns = 5;
    static constexpr int64_t kPartColumns = 4;
    /// Threads of a block, and logits that each of them has.
    static int64_t getThreads(int64_t vocabulary);
    static constexpr int64_t kPerThread = 16;
    /// Parts of a row.
    static int64_t getParts(int64_t vocabulary);
  }];
  let hasVerifier = 1;
}

def Kernel_ObserveOp : Op<Kernel_Dialect, "observe", [MemoryEffects<[MemWrite]>]> {
  let summary = "the host looks at rows of an activation (q.observe); no launch";
  let description = [{
    Only CPU functions have it. The plan records it between the launches, and the runtime hands the
    rows to whoever calibrates (runtime/device/ActivationObserver.h); without one it does nothing.
  }];
  let arguments = (ins Kernel_Activation:$x, StrArrayAttr:$weights);
  let assemblyFormat = "$x `for` $weights attr-dict `:` type($x)";
}

def Kernel_YieldOp : Op<Kernel_Dialect, "yield", [Pure, Terminator]> {
  let summary = "the value of a region";
  let arguments = (ins F32:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // QOPT_DIALECTS_KERNEL_KERNELOPS_TD
