// RUN: qopt %s --quantize-activations="type=int8 dynamic=token" 2>&1 | FileCheck %s --check-prefixes=CHECK,TOKEN
// RUN: qopt %s --quantize-activations="type=fp8_e4m3 dynamic=tensor tensors='.*q_proj.weight'" \
// RUN:   --quantize-activations="type=int8 dynamic=group:32 skip='.*k_proj.weight'" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=LATER

// TOKEN: remark: input left alone: the weight 'lm_head.weight' is not quantized
// TOKEN: remark: quantize-activations type=int8 dynamic=token: inputs of 3 linears
// TOKEN-DAG: #[[W:.*]] = #q.scheme<storage = int8, granularity = row, {{.*}}divisor = 1.275000e+02
// TOKEN-DAG: #[[X:.*]] = #q.scheme<storage = int8, granularity = row, {{.*}}divisor = 1.270000e+02
#weight = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.5 : f64,
                    range = [-128, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>

llm.param @q_proj : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.0.self_attn.q_proj.weight">
llm.param @k_proj : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.0.self_attn.k_proj.weight">
llm.param @up_proj : tensor<64x64xbf16> = #llm.source<"m.safetensors", "model.layers.0.mlp.up_proj.weight">
llm.param @lm_head : tensor<32x64xbf16> = #llm.source<"m.safetensors", "lm_head.weight">

// LATER: remark: quantize-activations type=fp8_e4m3 dynamic=tensor tensors='.*q_proj.weight': inputs of 1 linears
// LATER: remark: quantize-activations type=int8 dynamic=group:32 skip='.*k_proj.weight': inputs of 2 linears, 1 skipped

// CHECK-LABEL: func.func @forward
func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x32xf32> {
  %0 = llm.get @q_proj : tensor<64x96xbf16>
  %c0, %s0 = q.quantize %0 {scheme = #weight} : tensor<64x96xbf16> -> tensor<64x96xi8>, tensor<64x1xf32>
  %w0 = q.dequantize %c0, %s0 {scheme = #weight} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  // Both linears of one input read one dequantize.
  // TOKEN: %[[C:.*]], %[[S:.*]] = q.quantize %arg0 {scheme = #[[X]]} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
  // TOKEN-NEXT: %[[D:.*]] = q.dequantize %[[C]], %[[S]] {scheme = #[[X]]}
  // TOKEN-NEXT: %[[Q:.*]] = llm.linear %[[D]], %
  // TOKEN: %[[K:.*]] = llm.linear %[[D]], %
  // The later rule replaces the earlier one, and leaves no trace of it.
  // LATER-NOT: fp8
  // LATER: q.quantize %arg0 {scheme = #int8_group} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x3xf32>
  // LATER-NEXT: %[[D:.*]] = q.dequantize
  // LATER-NEXT: llm.linear %[[D]], %
  // LATER: llm.linear %arg0, %
  %q = llm.linear %x, %w0 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  %1 = llm.get @k_proj : tensor<64x96xbf16>
  %c1, %s1 = q.quantize %1 {scheme = #weight} : tensor<64x96xbf16> -> tensor<64x96xi8>, tensor<64x1xf32>
  %w1 = q.dequantize %c1, %s1 {scheme = #weight} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  %k = llm.linear %x, %w1 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  %sum = llm.add %q, %k : tensor<?x64xf32>
  // The input of a linear with a fake weight is fake, too.
  // TOKEN: %[[CF:.*]], %[[SF:.*]] = q.quantize %{{.*}} {scheme = #[[X]]} : tensor<?x64xf32>
  // TOKEN-NEXT: q.dequantize %[[CF]], %[[SF]] {fake, scheme = #[[X]]}
  %2 = llm.get @up_proj : tensor<64x64xbf16>
  %c2, %s2 = q.quantize %2 {scheme = #weight} : tensor<64x64xbf16> -> tensor<64x64xi8>, tensor<64x1xf32>
  %w2 = q.dequantize %c2, %s2 {fake, scheme = #weight} : tensor<64x64xi8>, tensor<64x1xf32> -> tensor<64x64xf32>
  %up = llm.linear %sum, %w2 : tensor<?x64xf32>, tensor<64x64xf32> -> tensor<?x64xf32>
  // TOKEN: llm.get @lm_head
  // TOKEN-NEXT: llm.linear
  %3 = llm.get @lm_head : tensor<32x64xbf16>
  %logits = llm.linear %up, %3 : tensor<?x64xf32>, tensor<32x64xbf16> -> tensor<?x32xf32>
  return %logits : tensor<?x32xf32>
}
