//===- QOps.td - quantize, dequantize, observe ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_Q_QOPS_TD
#define QOPT_DIALECTS_Q_QOPS_TD

include "dialects/llm/LlmInterfaces.td"
include "dialects/q/QDialect.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Q_Op<string mnemonic, list<Trait> traits = []> : Op<Q_Dialect, mnemonic, traits>;

/// A matrix [rows, columns]; activations have a dynamic number of rows. Vectors can be rounded.
def Q_Values : RankedTensorOf<[AnyFloat]>;
/// Codes: i8 (fp8 bits too), i4 or a 16-bit float; the shape of the values.
def Q_Codes : RankedTensorOf<[AnyInteger, BF16, F16]>;
/// Scales and zero points: one f32 a block.
def Q_Parameters : RankedTensorOf<[F32]>;
/// The same after `pack-weights`, which may make them denser (q.compact).
def Q_PackedParameters : RankedTensorOf<[F32, F16, I8]>;

def Q_QuantizeOp : Q_Op<"quantize", [Pure]> {
  let summary = "codes and scales of a matrix under a scheme";
  let description = [{
    The scales of a matrix [N, K] have shape [1, 1], [N, 1], [N, K/g] or [N/r, K/c] for granularity
    tensor, row, group and block; zeros, where the scheme has them, the same shape. Schemes that only
    round (bf16, f16) have neither. Errors of contents (a NaN, a block of zeros) are defined in
    runtime/quantization/BlockCodec.h.

    A scale that is known beforehand (a static one, from calibration) is an operand [1, 1] instead of
    a result; it takes a symmetric scheme by tensor. Values beyond the scheme's range saturate.

    ```mlir
    %codes, %scales = q.quantize %w {scheme = #q.scheme<storage = int8, granularity = row, ...>}
        : tensor<512x256xbf16> -> tensor<512x256xi8>, tensor<512x1xf32>
    %codes = q.quantize %x by %scale : tensor<1x1xf32> {scheme = #int8_tensor}
        : tensor<?x256xf32> -> tensor<?x256xi8>
    ```
  }];
  let arguments = (ins Q_Values:$values, Optional<Q_Parameters>:$scale, Q_SchemeAttr:$scheme);
  let results = (outs Q_Codes:$codes, Variadic<Q_Parameters>:$parameters);
  let assemblyFormat = [{
    $values (`by` $scale^ `:` type($scale))? attr-dict `:` type($values) `->` type($codes)
    (`,` type($parameters)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$codes, "::mlir::TypeRange":$parameters,
                                 "::mlir::Value":$values, "::qopt::q::SchemeAttr":$scheme), [{
    build($_builder, $_state, codes, parameters, values, ::mlir::Value(), scheme);
  }]>];
  let hasVerifier = 1;
}

def Q_DequantizeOp : Q_Op<"dequantize", [Pure]> {
  let summary = "the values that codes stand for";
  let description = [{
    `fake` marks a weight whose dequantized values are stored in place of its codes.
  }];
  let arguments = (ins Q_Codes:$codes, Variadic<Q_Parameters>:$parameters, Q_SchemeAttr:$scheme,
                       UnitAttr:$fake);
  let results = (outs Q_Values:$values);
  let assemblyFormat = [{
    $codes (`,` $parameters^)? attr-dict `:` type($codes) (`,` type($parameters)^)?
    `->` type($values)
  }];
  let hasVerifier = 1;
}

/// Codes and scales after `pack-weights`, too.
def Q_WeightCodes : RankedTensorOf<[AnyInteger]>;

def Q_LinearOp : Q_Op<"linear", [Pure, AttrSizedOperandSegments,
                                 DeclareOpInterfaceMethods<Llm_LinearInterface,
                                     ["getInput", "getWeightOperands", "getBiasOperand",
                                      "getWeightSuffixes"]>]> {
  let summary = "a linear whose weight, and perhaps whose input, is codes";
  let description = [{
    `llm.linear` on dequantized operands, as one op for kernels: `x W^T + b` where the weight `[N, K]`
    is codes, scales `[N, G]` and, where its scheme has them, zeros of the same shape, by row (G = 1)
    or group. x is f32, or 8-bit codes with scales of its own by row (one a token), tensor or group: int8
    before integers, fp8 before fp8.

    `pack-weights` puts all parameters into panels (llm.pack): codes `[panels, K, 32]`, of 4 bits
    `[panels, ceil(K/2), 32]`; scales and zeros `[panels, G, 32]`; `ways` as for llm.linear.

    ```mlir
    %0 = q.linear %x, %codes scales(%scales : tensor<512x2xf32>) {weight_scheme = #int4_group}
        : tensor<?x256xf32>, tensor<512x256xi4> -> tensor<?x512xf32>
    %1 = q.linear %xc scaled %xs : tensor<?x1xf32>, %codes scales(%scales : tensor<512x1xf32>)
        {weight_scheme = #int8_row, x_scheme = #int8_row} : tensor<?x256xi8>, tensor<512x256xi8> -> tensor<?x512xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32, I8]>:$x, Optional<Q_Parameters>:$x_scales,
                       Q_WeightCodes:$weight, Variadic<Q_PackedParameters>:$weight_parameters,
                       Optional<AnyRankedTensor>:$bias, Q_SchemeAttr:$weight_scheme,
                       OptionalAttr<Q_SchemeAttr>:$x_scheme,
                       DefaultValuedAttr<I64Attr, "1">:$ways);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $x (`scaled` $x_scales^ `:` type($x_scales))? `,` $weight
    `scales` `(` $weight_parameters `:` type($weight_parameters) `)`
    (`bias` `(` $bias^ `:` type($bias) `)`)? attr-dict `:` type($x) `,` type($weight) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Q_EmbeddingOp : Q_Op<"embedding", [Pure]> {
  let summary = "rows of a table of codes, dequantized: `result[t] = table[indices[t]]`, as f32";
  let description = [{
    `llm.embedding` on a dequantized table. Codes, scales and zeros as those of q.linear; packed by
    `pack-weights`, whether a linear shares them or not.

    ```mlir
    %0 = q.embedding %ids, %codes scales(%scales : tensor<512x1xf32>) {scheme = #int8_row}
        : tensor<?xi32>, tensor<512x256xi8> -> tensor<?x256xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[I32]>:$indices, Q_WeightCodes:$table,
                       Variadic<Q_PackedParameters>:$parameters, Q_SchemeAttr:$scheme);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $indices `,` $table `scales` `(` $parameters `:` type($parameters) `)` attr-dict `:`
    type($indices) `,` type($table) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Q_CompactOp : Q_Op<"compact", [Pure]> {
  let summary = "codes or scales of a weight in a denser form, for panels";
  let description = [{
    Values stay what they are, bit for bit; `compactType` (dialects/q/Q.h) says which parameters of a
    scheme have such a form:

    * codes of 6 bits, -32 to 31, in a byte each, `[N, K]`: four in three bytes, `[N, 3 K / 4]`: the low
      halves of two, of the next two, and the upper bits of all four, the first one's lowest;
    * scales and zeros that f16 represents: as f16;
    * those of ggml's K types, products of an f16 that 256 columns share and integers: the integers, a
      byte each, and behind those of 256 columns the two bytes of the f16, the lower first.

    ```mlir
    %p = q.compact %scales {scheme = #q4_k} : tensor<64x8xf32> -> tensor<64x10xi8>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32, I8]>:$value, Q_SchemeAttr:$scheme);
  let results = (outs RankedTensorOf<[F16, I8]>:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Q_ObserveOp : Q_Op<"observe", [MemoryEffects<[MemWrite]>]> {
  let summary = "collects statistics of an activation while the model runs";
  let description = [{
    Per channel and per tensor: absolute maximum, range, a histogram of 2048 bins, the count, and a
    sample of rows. `weights` are the checkpoint names of what the values are multiplied by, the keys
    of the profile that `qrun calibrate` writes.

    ```mlir
    q.observe %x for ["model.layers.0.self_attn.o_proj.weight"] : tensor<?x256xf32>
    ```
  }];
  let arguments = (ins Q_Values:$values, StrArrayAttr:$weights);
  let assemblyFormat = "$values `for` $weights attr-dict `:` type($values)";
  let hasVerifier = 1;
}

#endif // QOPT_DIALECTS_Q_QOPS_TD
