//===- LlmOps.td - ops of a decoder-only transformer ----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_LLM_LLMOPS_TD
#define QOPT_DIALECTS_LLM_LLMOPS_TD

include "dialects/llm/LlmDialect.td"
include "dialects/llm/LlmInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Llm_Op<string mnemonic, list<Trait> traits = []> : Op<Llm_Dialect, mnemonic, traits>;

/// Activations: one row a token, `tensor<?xDxf32>` or, after `specialize`, `tensor<1xDxf32>`.
def Llm_Activation : RankedTensorOf<[F32],
    [HasAnyRankOfPred<[2]>,
     CPred<"!::llvm::cast<::mlir::ShapedType>($_self).isDynamicDim(1)">],
    "matrix with a static row length">;
def Llm_Indices : RankedTensorOf<[I32], [HasAnyRankOfPred<[1]>], "vector">;
/// Vectors, matrices and packed matrices, in their storage type; integers are codes.
def Llm_Weight : RankedTensorOf<[F32, F16, BF16, I8, I<4>],
    [HasAnyRankOfPred<[1, 2, 3]>, HasStaticShapePred,
     CPred<"::llvm::cast<::mlir::ShapedType>($_self).getNumElements() > 0">],
    "static and not empty tensor of rank 1 to 3">;

//===----------------------------------------------------------------------===//
// Symbols: parameters and caches
//===----------------------------------------------------------------------===//

def Llm_ParamOp : Llm_Op<"param", [Symbol]> {
  let summary = "a parameter of the model, by reference";
  let description = [{
    Its contents are a checkpoint tensor (`#llm.source`), generated (`#llm.random`, `#llm.splat`),
    f32 numbers where they are few (a profile's statistics), or, without contents, computed by
    `@load`.

    ```mlir
    llm.param @model.norm.weight : tensor<256xbf16> = #llm.source<"model.safetensors", "model.norm.weight">
    llm.param @model.layers.0.self_attn.qkv_proj.weight : tensor<512x256xbf16>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<Llm_Weight>:$type,
                       OptionalAttr<AnyAttr>:$contents);
  let assemblyFormat = "$sym_name `:` $type (`=` $contents^)? attr-dict";
  let hasVerifier = 1;
}

def Llm_CacheOp : Llm_Op<"cache", [Symbol]> {
  let summary = "the key-value cache of one layer";
  let description = [{
    Paged: 128 tokens a page for each KV head, K and V with formats of their own
    (runtime/quantization/CacheFormat.h has the words). `native` is the type that attention computes
    with on the target: f32 on CPUs, bf16 on GPUs. Others are what `compress-kv` asks for: appending
    quantizes, and attention reads the codes.

    ```mlir
    llm.cache @layers.0 {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
    llm.cache @layers.1 {kv_heads = 2, head_dim = 64, k = "int8", v = "int4 asymmetric group=32"}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$kv_heads, I64Attr:$head_dim,
                       StrAttr:$k, StrAttr:$v);
  let assemblyFormat = "$sym_name attr-dict";
  let extraClassDeclaration = [{
    /// Whether keys or values are stored as something that attention does not compute with.
    bool isCompressed() { return getK() != "native" || getV() != "native"; }
  }];
  let hasVerifier = 1;
}

def Llm_GetOp : Llm_Op<"get", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "the value of a parameter";
  let arguments = (ins FlatSymbolRefAttr:$param);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$param attr-dict `:` type($result)";
}

def Llm_SetOp : Llm_Op<"set", [DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "gives a computed parameter its value; only in @load, once";
  let arguments = (ins FlatSymbolRefAttr:$param, Llm_Weight:$value);
  let assemblyFormat = "$param `,` $value attr-dict `:` type($value)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Parameter expressions: what @load computes
//===----------------------------------------------------------------------===//

def Llm_TransposeOp : Llm_Op<"transpose", [Pure]> {
  let summary = "a matrix with rows and columns exchanged (GPT-2's Conv1D stores [in, out])";
  let arguments = (ins Llm_Weight:$value);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_ConcatOp : Llm_Op<"concat", [Pure]> {
  let summary = "values stacked along their first dimension";
  let arguments = (ins Variadic<Llm_Weight>:$values);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$values attr-dict `:` type($values) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_CastOp : Llm_Op<"cast", [Pure]> {
  let summary = "elements converted to another float type, rounding to nearest even";
  let arguments = (ins Llm_Weight:$value);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_RepeatOp : Llm_Op<"repeat", [Pure]> {
  let summary = "a matrix with each row `times` times: one scale for several rows, spread out";
  let description = [{
    ```mlir
    %rows = llm.repeat %tensor {times = 512} : tensor<1x1xf32> -> tensor<512x1xf32>
    ```
  }];
  let arguments = (ins Llm_Weight:$value, I64Attr:$times);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_PackOp : Llm_Op<"pack", [Pure]> {
  let summary = "a matrix in panels, the layout that matrix products read";
  let description = [{
    `W[N, K]` becomes `P[ceil(N/32), K, 32]` with `P[p, k, j] = W[32p + j, k]`, zero where
    `32p + j >= N`: a product streams each panel once, with the output columns in vector lanes.
    With `ways = 2` the two halves of W (gate and up) are interleaved by 16 within each panel, so
    that an epilogue sees both: with `H = N/2`, `P[p, k, 16w + j] = W[w H + 16p + j, k]` and
    `ceil(H/16)` panels. A vector `[N]` (a bias) becomes `P[ceil(N/32), 32]`, in the same way.

    Elements of 4 bits are stored two to a byte, `P[ceil(N/32), ceil(K/2), 32]` as i8: `k` even in the
    low half and `k + 1` in the high one (zero where K is odd).

    ```mlir
    %p = llm.pack %w {ways = 1} : tensor<1021x256xbf16> -> tensor<32x256x32xbf16>
    ```
  }];
  let arguments = (ins Llm_Weight:$value, DefaultValuedAttr<I64Attr, "1">:$ways);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Rows of W in a panel: the vector lanes of one product step, 2 x 16 f32.
    static constexpr int64_t kPanelWidth = 32;
    /// The panels of a matrix with `rows` rows.
    static int64_t panelCount(int64_t rows, int64_t ways);
    /// The packed type of a matrix or vector of type `type`, whose rows `ways` divides.
    static ::mlir::RankedTensorType packedType(::mlir::RankedTensorType type, int64_t ways);
  }];
}

def Llm_SmoothingOp : Llm_Op<"smoothing", [Pure]> {
  let summary = "SmoothQuant's scale of each channel that linears of one input share";
  let description = [{
    `s_j = a_j^alpha / w_j^(1 - alpha)` with `a_j` the statistic of input channel j and `w_j` that of
    column j of the weights; `variant` says which statistics and limits
    (runtime/quantization/Smoothing.h). With `group` > 1 the channels are heads of `head_dim` elements
    of which `group` consecutive ones share a scale, the greatest of theirs: the query heads of a KV
    head.

    ```mlir
    %s = llm.smoothing %a of %wq, %wk, %wv {alpha = 5.0e-1 : f64, variant = #llm<smoothing_variant mit>}
        : tensor<256xf32>, tensor<256x256xbf16>, tensor<128x256xbf16>, tensor<128x256xbf16> -> tensor<256xf32>
    ```
  }];
  let arguments = (ins Llm_Weight:$activation, Variadic<Llm_Weight>:$weights, F64Attr:$alpha,
                       Llm_SmoothingVariantAttr:$variant, DefaultValuedAttr<I64Attr, "1">:$group,
                       DefaultValuedAttr<I64Attr, "1">:$head_dim);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = [{
    $activation `of` $weights attr-dict `:` type($activation) `,` type($weights) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Llm_ScaleOp : Llm_Op<"scale", [Pure]> {
  let summary = "rows or columns times a scale each, or divided by it, in f32";
  let description = [{
    Columns of a matrix where `columns` is set; otherwise rows `[offset, offset + size of scales)` of a
    matrix or elements of a vector, and the others as they are. With `group` > 1, columns are heads of
    `head_dim` elements of which `group` consecutive ones share their scales (llm.smoothing).

    ```mlir
    %w1 = llm.scale %w by %s {columns} : tensor<128x256xbf16>, tensor<256xf32> -> tensor<128x256xf32>
    %n1 = llm.scale %norm by %s {inverse} : tensor<256xbf16>, tensor<256xf32> -> tensor<256xf32>
    ```
  }];
  let arguments = (ins Llm_Weight:$value, Llm_Weight:$scales, UnitAttr:$columns, UnitAttr:$inverse,
                       DefaultValuedAttr<I64Attr, "0">:$offset,
                       DefaultValuedAttr<I64Attr, "1">:$group,
                       DefaultValuedAttr<I64Attr, "1">:$head_dim);
  let results = (outs Llm_Weight:$result);
  let assemblyFormat = [{
    $value `by` $scales attr-dict `:` type($value) `,` type($scales) `->` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

def Llm_EmbeddingOp : Llm_Op<"embedding", [Pure]> {
  let summary = "rows of a table, by index: `result[t] = table[indices[t]]`, as f32";
  let description = [{
    The table is `[V, D]` or, where it is also the head's weight, packed: `[ceil(V/32), D, 32]`.
  }];
  let arguments = (ins Llm_Indices:$indices, Llm_Weight:$table);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = [{
    $indices `,` $table attr-dict `:` `(` type($indices) `,` type($table) `)` `->` type($result)
  }];
  let hasVerifier = 1;
}

def Llm_PositionsOp : Llm_Op<"positions", [Pure]> {
  let summary = "the position of each token in its sequence (for learned position embeddings)";
  let arguments = (ins Llm_BatchType:$batch);
  let results = (outs Llm_Indices:$result);
  let assemblyFormat = "$batch attr-dict `:` type($result)";
}

def Llm_RmsNormOp : Llm_Op<"rms_norm", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "`x / sqrt(mean(x^2) + eps) * weight` over the last dimension";
  let description = [{
    Zhang & Sennrich 2019. Where the weight is shorter than the row, each consecutive block of its
    length is normalized on its own: Qwen3's per-head q and k norms.
  }];
  let arguments = (ins Llm_Activation:$x, Llm_Weight:$weight, F64Attr:$eps);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$x `,` $weight attr-dict `:` type($x) `,` type($weight)";
  let hasVerifier = 1;
}

def Llm_LayerNormOp : Llm_Op<"layer_norm", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "`(x - mean(x)) / sqrt(var(x) + eps) * weight + bias` over the last dimension";
  let arguments = (ins Llm_Activation:$x, Llm_Weight:$weight, Llm_Weight:$bias, F64Attr:$eps);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = [{
    $x `,` $weight `,` $bias attr-dict `:` type($x) `,` type($weight) `,` type($bias)
  }];
  let hasVerifier = 1;
}

def Llm_LinearOp
    : Llm_Op<"linear", [Pure, DeclareOpInterfaceMethods<Llm_LinearInterface,
                                  ["getInput", "getWeightOperands", "getBiasOperand",
                                   "getWeightSuffixes"]>]> {
  let summary = "`x W^T + b` with `W[out, in]`";
  let description = [{
    `pack-weights` replaces W and b by their packed forms, `[panels, in, 32]` and `[panels, 32]`
    (llm.pack); the number of columns without padding is that of the result. `ways` is that of the
    packing. The result is the same for every form: with `ways = 2`, columns `[0, H)` are the gate
    and `[H, 2H)` the up projection, and the only users of the result are the two
    halves' slices, which a gated activation combines (`mul(act(gate), up)`).

    ```mlir
    %0 = llm.linear %x, %w : tensor<?x256xf32>, tensor<512x256xbf16> -> tensor<?x512xf32>
    %1 = llm.linear %x, %p {ways = 2} : tensor<?x256xf32>, tensor<48x256x32xbf16> -> tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins Llm_Activation:$x, Llm_Weight:$weight, Optional<Llm_Weight>:$bias,
                       DefaultValuedAttr<I64Attr, "1">:$ways);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? attr-dict `:`
    type($x) `,` type($weight) (`,` type($bias)^)? `->` type($result)
  }];
  let hasVerifier = 1;
}

def Llm_SliceOp : Llm_Op<"slice", [Pure]> {
  let summary = "columns `[offset, offset + size)` of each row";
  let arguments = (ins Llm_Activation:$x, I64Attr:$offset);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$x `at` $offset attr-dict `:` type($x) `->` type($result)";
  let hasVerifier = 1;
}

def Llm_RopeOp : Llm_Op<"rope", [Pure, AllTypesMatch<["x", "result"]>]> {
  let summary = "rotary position embedding of each head (Su et al. 2021), half-split pairing";
  let arguments = (ins Llm_Activation:$x, Llm_BatchType:$batch, I64Attr:$head_dim,
                       Llm_RopeAttr:$rope);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$x `,` $batch attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Llm_KvAppendOp : Llm_Op<"kv_append", [MemoryEffects<[MemWrite]>,
                                          DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "writes the keys and values of the batch's tokens into a layer's cache";
  let arguments = (ins Llm_Activation:$k, Llm_Activation:$v, Llm_BatchType:$batch,
                       FlatSymbolRefAttr:$cache);
  let assemblyFormat = "$k `,` $v `,` $batch `into` $cache attr-dict `:` type($k) `,` type($v)";
}

def Llm_AttentionOp : Llm_Op<"attention", [MemoryEffects<[MemRead]>,
                                           AllTypesMatch<["q", "result"]>,
                                           DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "causal attention of each token over its sequence's cache, itself included";
  let description = [{
    `softmax(scale * q k^T) v` for each query head; query head `h` reads KV head
    `h / (heads / kv_heads)` (grouped-query attention, Ainslie et al. 2023). The exponential is exact
    but for `softmax`. With `rope`, cached keys are those before their rotary embedding: k is
    `rope(cached + key_bias)` at each token's position (`defer-key-rope`).
  }];
  let arguments = (ins Llm_Activation:$q, Llm_BatchType:$batch, Optional<Llm_Weight>:$key_bias,
                       FlatSymbolRefAttr:$cache, I64Attr:$heads, F64Attr:$scale,
                       OptionalAttr<Llm_SasAttr>:$softmax, OptionalAttr<Llm_RopeAttr>:$rope);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = [{
    $q `,` $batch `over` $cache (`bias` $key_bias^ `:` type($key_bias))? attr-dict `:` type($q)
  }];
}

class Llm_UnaryOp<string mnemonic> : Llm_Op<mnemonic, [Pure, SameOperandsAndResultType]> {
  let arguments = (ins Llm_Activation:$x);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

class Llm_BinaryOp<string mnemonic>
    : Llm_Op<mnemonic, [Pure, Commutative, SameOperandsAndResultType]> {
  let arguments = (ins Llm_Activation:$lhs, Llm_Activation:$rhs);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` type($lhs)";
}

def Llm_SiluOp : Llm_UnaryOp<"silu"> { let summary = "`x / (1 + exp(-x))`"; }

def Llm_GeluOp : Llm_Op<"gelu", [Pure, SameOperandsAndResultType]> {
  let summary = "Gaussian error linear unit, exact (`erf`) or GPT-2's `tanh` form";
  let arguments = (ins Llm_Activation:$x, Llm_GeluKindAttr:$kind);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$kind $x attr-dict `:` type($x)";
}

def Llm_AddOp : Llm_BinaryOp<"add"> { let summary = "elementwise sum (residual connections)"; }
def Llm_MulOp : Llm_BinaryOp<"mul"> { let summary = "elementwise product (gated MLPs)"; }

def Llm_SelectRowsOp : Llm_Op<"select_rows", [Pure]> {
  let summary = "rows of an activation, by index: the positions whose logits are wanted";
  let arguments = (ins Llm_Activation:$x, Llm_Indices:$rows);
  let results = (outs Llm_Activation:$result);
  let assemblyFormat = "$x `,` $rows attr-dict `:` type($x) `,` type($rows) `->` type($result)";
  let hasVerifier = 1;
}

#endif // QOPT_DIALECTS_LLM_LLMOPS_TD
