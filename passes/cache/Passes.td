//===- Passes.td - compression of the KV cache ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_CACHE_PASSES_TD
#define QOPT_PASSES_CACHE_PASSES_TD

include "mlir/Pass/PassBase.td"

def CompressKv : Pass<"compress-kv", "mlir::ModuleOp"> {
  let summary = "Choose what the keys and values of each layer are cached as";
  let description = [{
    One rule: the formats of keys and values become attributes of the `llm.cache` of each selected
    layer. Whatever appends to that cache quantizes, and attention over it dequantizes, in one kernel
    each; keys are coded after their rotary embedding. A later rule replaces what an earlier one did to
    the parts that it names. A rule that selects no layer is an error.

    `type` is for both parts, `k` and `v` for one. A scale belongs to a token and head
    (`granularity=token_head`), or to `group` consecutive elements of it. `asymmetric` integers begin
    at the minimum. `search` tries narrower ranges for each group of int4 and int2 codes and keeps that
    with the least squared error. `static` int8 has one scale, and unless `asymmetric=false` one zero, for all keys
    and one for all values of a layer, from the extremes in a profile.

    `mode=turbo` looks scales up in a table of 2^m1 entries and elements in one of 2^m2
    (`table=uniform` or `lloyd_max`); below m1 = 8 the least scale of each layer comes from a profile.
    `mode=turboquant` is TurboQuant's norm, rotation and Lloyd-Max code of `bits` bits (arXiv
    2504.19874). `mode=kivi` codes keys by channel over groups of tokens and values by token, in 2 or 4
    bits, and keeps the newest `residual` tokens as f16 beside the codes (arXiv 2402.02750).
    `mode=flashq` codes tiles of `group` tokens as int8 and these by channel in 2 or 4 bits, with integer
    scales and zeros, keys and values alike (arXiv 2412.08585); the tile that is not complete is f16.
    `softmax=sas` replaces attention's exponential by `#llm.sas<threshold, degree>`.
    `rotate=hadamard` rotates heads, and with them the query and the output, before they
    are coded. `before_rope` codes keys before their rotary embedding and without the bias of their
    projection (`defer-key-rope`).

    `mode=auto` gives keys and values of each layer the formats that cost least within a budget, by
    the sensitivities in a profile of `qrun calibrate --kv-sensitivity`: their divergences, measured
    one at a time, are taken to add up, and the sum is the least there is (a knapsack solved exactly),
    or one mode for all where that was measured to cost less. What a sequence has once, KIVI's window, is
    counted over the tokens of its `context`. `trace` names a JSON file for all that
    was considered.

    ```
    --compress-kv="type=int8 granularity=token_head"
    --compress-kv="k=int8 v=int4 group=32" --compress-kv="layers=0,3 k=f16 v=f16"
    --compress-kv="mode=turbo m1=8 m2=6 table=lloyd_max rotate=hadamard"
    --compress-kv="type=int8 static profile=stats.safetensors"
    --compress-kv="mode=auto bits=5 profile=stats.safetensors trace=why.json"
    ```
  }];
  let options = [
    Option<"mode", "mode", "std::string", "\"type\"", "type, turbo, turboquant, kivi, flashq or auto">,
    Option<"type", "type", "std::string", "\"\"",
           "of keys and values: native, f16, bf16, int8, int4, int2, fp8_e4m3 or fp8_e5m2">,
    Option<"keyType", "k", "std::string", "\"\"", "of keys">,
    Option<"valueType", "v", "std::string", "\"\"", "of values">,
    Option<"granularity", "granularity", "std::string", "\"token_head\"", "what shares a scale: token_head">,
    Option<"group", "group", "int64_t", "0", "elements of a head that share a scale; 0: all">,
    Option<"asymmetric", "asymmetric", "bool", "false", "codes from the minimum up">,
    Option<"search", "search", "bool", "false", "int4, int2: the range with the least squared error">,
    Option<"isStatic", "static", "bool", "false", "int8: scales of a layer, from a profile">,
    Option<"profile", "profile", "std::string", "\"\"", "what qrun calibrate wrote">,
    Option<"m1", "m1", "int64_t", "8", "turbo: bits of a scale's index, 3 to 8">,
    Option<"m2", "m2", "int64_t", "8", "turbo: bits of an element's index, 2 to 8">,
    Option<"table", "table", "std::string", "\"uniform\"", "turbo: uniform or lloyd_max">,
    Option<"ratio", "ratio", "double", "1.1892071150027210", "turbo: from one scale to the next">,
    Option<"bits", "bits", "double", "4", "turboquant: 2 to 4; kivi, flashq: 2, 4; auto: of an element, on average">,
    Option<"bytes", "bytes", "int64_t", "0", "auto: of a token in all layers">,
    Option<"kl", "kl", "double", "0", "auto: divergence that may be lost, in nats">,
    Option<"context", "context", "int64_t", "0",
           "auto: tokens of a sequence, over which a window is counted; without it, the model's context">,
    Option<"trace", "trace", "std::string", "\"\"", "auto: a JSON file to write">,
    Option<"rotate", "rotate", "std::string", "\"none\"", "hadamard or none">,
    Option<"beforeRope", "before_rope", "bool", "false", "keys are coded before their rotary embedding, without bias">,
    Option<"seed", "seed", "uint32_t", "1", "of the rotation's signs">,
    Option<"softmax", "softmax", "std::string", "\"exact\"", "attention's exponential: exact, or sas, in two parts">,
    Option<"threshold", "threshold", "double", "6", "sas: beyond it weights are 0; up to 15">,
    Option<"degree", "degree", "int64_t", "3", "sas: of the polynomial, 1 to 5">,
    Option<"residual", "residual", "int64_t", "128", "kivi: the newest tokens, unquantized; 1 to 128">,
    Option<"layers", "layers", "std::string", "\"\"", "layer numbers and ranges: 0-3,11">
  ];
  let statistics = [
    Statistic<"numCompressed", "compressed", "Caches that the rule gave a format">
  ];
}

def DeferKeyRope : Pass<"defer-key-rope", "mlir::ModuleOp"> {
  let summary = "Append keys before their rotary embedding where their cache asks for it";
  let description = [{
    Where the keys of an `llm.cache` are `before_rope`, what is appended is what the projection (or the
    norm of each head behind it) computes, without rotation and without the projection's bias; attention
    adds the bias and rotates when it reads. A large bias, or a channel of keys that stands out until it
    is rotated into its partner, is then no part of what a scale must cover. The projection keeps a bias
    of zeros, so that it can be fused with those of queries and values. What keys have from a norm, or
    from a projection that is packed or fused already, stays in them.

    Without a rotary embedding a bias of keys adds the same to all scores of a query: it is left out,
    and the cache is like any other.

    ```mlir
    // before                                         // after, with the cache's k = "int4 before_rope"
    %k = llm.linear %x, %w bias %b                    %k = llm.linear %x, %w bias %zeros
    %r = llm.rope %k, %batch {rope = #rope}
    llm.kv_append %r, %v, %batch into @layers.0       llm.kv_append %k, %v, %batch into @layers.0
    %a = llm.attention %q, %batch over @layers.0      %a = llm.attention %q, %batch over @layers.0 bias %b {rope = #rope}
    ```
  }];
  let statistics = [
    Statistic<"numDeferred", "deferred", "Appends that no longer rotate">,
    Statistic<"numBiases", "biases", "Biases of keys that the projection no longer adds">
  ];
}

#endif // QOPT_PASSES_CACHE_PASSES_TD
