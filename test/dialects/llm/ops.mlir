// Every op, type and attribute: printed, parsed again, printed alike; also in the generic form.
// RUN: qopt %s | FileCheck %s
// RUN: qopt %s | qopt | FileCheck %s
// RUN: qopt %s --mlir-print-op-generic | qopt | FileCheck %s

// CHECK: module attributes {llm.checkpoint = "models/tiny"
module attributes {llm.checkpoint = "models/tiny"} {

// CHECK: llm.param @codes : tensor<40x32xi4> = #llm.source<"model.gguf", "blk.0.attn_q.weight" part = "codes" heads = 4>
llm.param @codes : tensor<40x32xi4> = #llm.source<"model.gguf", "blk.0.attn_q.weight" part = "codes" heads = 4>
// CHECK: llm.param @table : tensor<40x8xbf16> = #llm.source<"model.safetensors", "wte.weight">
llm.param @table : tensor<40x8xbf16> = #llm.source<"model.safetensors", "wte.weight">
// CHECK: llm.param @random : tensor<8x16xf16> = #llm.random<seed = 7, deviation = 2.500000e-01 : f64>
llm.param @random : tensor<8x16xf16> = #llm.random<seed = 7, deviation = 0.25>
// CHECK: llm.param @ones : tensor<8xf32> = #llm.splat<1.000000e+00 : f64>
llm.param @ones : tensor<8xf32> = #llm.splat<1.0>
// CHECK: llm.param @transposed : tensor<16x8xf16>
llm.param @transposed : tensor<16x8xf16>
// CHECK: llm.param @stacked : tensor<1x8x32xf32>
llm.param @stacked : tensor<1x8x32xf32>
llm.param @gated : tensor<3x8x32xf16>
llm.param @bias : tensor<1x32xf32>
// CHECK: llm.cache @layers.0 {head_dim = 4 : i64, k = "native", kv_heads = 1 : i64, v = "native"}
llm.cache @layers.0 {kv_heads = 1, head_dim = 4, k = "native", v = "native"}

// CHECK-LABEL: func.func @forward
// CHECK-SAME:  (%[[IDS:.*]]: tensor<?xi32>, %[[BATCH:.*]]: !llm.batch) -> tensor<?x8xf32>
func.func @forward(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x8xf32> {
  // CHECK: %[[TABLE:.*]] = llm.get @table : tensor<40x8xbf16>
  %table = llm.get @table : tensor<40x8xbf16>
  // CHECK: %[[H:.*]] = llm.embedding %[[IDS]], %[[TABLE]] : (tensor<?xi32>, tensor<40x8xbf16>) -> tensor<?x8xf32>
  %h = llm.embedding %ids, %table : (tensor<?xi32>, tensor<40x8xbf16>) -> tensor<?x8xf32>
  // CHECK: %[[POS:.*]] = llm.positions %[[BATCH]] : tensor<?xi32>
  %positions = llm.positions %batch : tensor<?xi32>
  %p = llm.embedding %positions, %table : (tensor<?xi32>, tensor<40x8xbf16>) -> tensor<?x8xf32>
  // CHECK: %[[SUM:.*]] = llm.add %[[H]], %{{.*}} : tensor<?x8xf32>
  %sum = llm.add %h, %p : tensor<?x8xf32>
  %ones = llm.get @ones : tensor<8xf32>
  // CHECK: %[[N:.*]] = llm.rms_norm %[[SUM]], %[[ONES:.*]] {eps = 1.000000e-05 : f64} : tensor<?x8xf32>, tensor<8xf32>
  %n = llm.rms_norm %sum, %ones {eps = 1.0e-5} : tensor<?x8xf32>, tensor<8xf32>
  // CHECK: %[[N2:.*]] = llm.layer_norm %[[N]], %[[ONES]], %[[ONES]] {eps = 1.000000e-05 : f64} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
  %n2 = llm.layer_norm %n, %ones, %ones {eps = 1.0e-5} : tensor<?x8xf32>, tensor<8xf32>, tensor<8xf32>
  %w = llm.get @transposed : tensor<16x8xf16>
  // CHECK: %[[QKV:.*]] = llm.linear %[[N2]], %{{.*}} : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %qkv = llm.linear %n2, %w : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  // CHECK: %[[Q:.*]] = llm.slice %[[QKV]] at 0 : tensor<?x16xf32> -> tensor<?x8xf32>
  %q = llm.slice %qkv at 0 : tensor<?x16xf32> -> tensor<?x8xf32>
  // CHECK: %[[K:.*]] = llm.slice %[[QKV]] at 8 : tensor<?x16xf32> -> tensor<?x4xf32>
  %k = llm.slice %qkv at 8 : tensor<?x16xf32> -> tensor<?x4xf32>
  // CHECK: %[[V:.*]] = llm.slice %[[QKV]] at 12 : tensor<?x16xf32> -> tensor<?x4xf32>
  %v = llm.slice %qkv at 12 : tensor<?x16xf32> -> tensor<?x4xf32>
  // CHECK: llm.rope %[[Q]], %[[BATCH]] {head_dim = 4 : i64, rope = #llm.rope<theta = 1.000000e+04 : f64>} : tensor<?x8xf32>
  %qr = llm.rope %q, %batch {head_dim = 4, rope = #llm.rope<theta = 1.0e4>} : tensor<?x8xf32>
  // CHECK: llm.rope %{{.*}}rope = #llm.rope<theta = 1.000000e+04 : f64, scaling = "linear", factor = 2.000000e+00 : f64>
  %kr = llm.rope %k, %batch {head_dim = 4, rope = #llm.rope<theta = 1.0e4, scaling = "linear", factor = 2.0>} : tensor<?x4xf32>
  // CHECK: llm.rope %{{.*}}rope = #llm.rope<theta = 5.000000e+05 : f64, scaling = "llama3", factor = 8.000000e+00 : f64, low_freq_factor = 1.000000e+00 : f64, high_freq_factor = 4.000000e+00 : f64, original_context = 8192 : i64>
  %kr3 = llm.rope %kr, %batch {head_dim = 4, rope = #llm.rope<theta = 5.0e5, scaling = "llama3", factor = 8.0, low_freq_factor = 1.0, high_freq_factor = 4.0, original_context = 8192>} : tensor<?x4xf32>
  // CHECK: llm.kv_append %{{.*}}, %[[V]], %[[BATCH]] into @layers.0 : tensor<?x4xf32>, tensor<?x4xf32>
  llm.kv_append %kr3, %v, %batch into @layers.0 : tensor<?x4xf32>, tensor<?x4xf32>
  // CHECK: llm.attention {{.*}} softmax = #llm.sas<threshold = 6.000000e+00 : f64, degree = 3>}
  %sas = llm.attention %qr, %batch over @layers.0 {heads = 2, scale = 0.5, softmax = #llm.sas<threshold = 6.0, degree = 3>} : tensor<?x8xf32>
  // CHECK: llm.attention {{.*}} over @layers.0 {{{.*}}rope = #llm.rope<theta = 1.000000e+04 : f64>
  %turned = llm.attention %qr, %batch over @layers.0 {heads = 2, scale = 0.5, rope = #llm.rope<theta = 1.0e4>} : tensor<?x8xf32>
  // CHECK: %[[A:.*]] = llm.attention %{{.*}}, %[[BATCH]] over @layers.0 {heads = 2 : i64, scale = 5.000000e-01 : f64} : tensor<?x8xf32>
  %a = llm.attention %qr, %batch over @layers.0 {heads = 2, scale = 0.5} : tensor<?x8xf32>
  %packed = llm.get @stacked : tensor<1x8x32xf32>
  %bias = llm.get @bias : tensor<1x32xf32>
  // CHECK: %[[O:.*]] = llm.linear %[[A]], %{{.*}} bias %{{.*}} : tensor<?x8xf32>, tensor<1x8x32xf32>, tensor<1x32xf32> -> tensor<?x8xf32>
  %o = llm.linear %a, %packed bias %bias : tensor<?x8xf32>, tensor<1x8x32xf32>, tensor<1x32xf32> -> tensor<?x8xf32>
  %gated = llm.get @gated : tensor<3x8x32xf16>
  // CHECK: llm.linear %[[O]], %{{.*}} {ways = 2 : i64} : tensor<?x8xf32>, tensor<3x8x32xf16> -> tensor<?x80xf32>
  %gu = llm.linear %o, %gated {ways = 2} : tensor<?x8xf32>, tensor<3x8x32xf16> -> tensor<?x80xf32>
  %gate = llm.slice %gu at 0 : tensor<?x80xf32> -> tensor<?x8xf32>
  // CHECK: %[[S:.*]] = llm.silu %{{.*}} : tensor<?x8xf32>
  %s = llm.silu %gate : tensor<?x8xf32>
  // CHECK: %[[E:.*]] = llm.gelu erf %[[S]] : tensor<?x8xf32>
  %e = llm.gelu erf %s : tensor<?x8xf32>
  // CHECK: %[[T:.*]] = llm.gelu tanh %[[E]] : tensor<?x8xf32>
  %t = llm.gelu tanh %e : tensor<?x8xf32>
  // CHECK: llm.mul %[[T]], %[[O]] : tensor<?x8xf32>
  %m = llm.mul %t, %o : tensor<?x8xf32>
  return %m : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @decode_head
func.func @decode_head(%hidden: tensor<1x8xf32>, %rows: tensor<1xi32>) -> tensor<1x8xf32> {
  // CHECK: llm.select_rows %{{.*}}, %{{.*}} : tensor<1x8xf32>, tensor<1xi32> -> tensor<1x8xf32>
  %0 = llm.select_rows %hidden, %rows : tensor<1x8xf32>, tensor<1xi32> -> tensor<1x8xf32>
  return %0 : tensor<1x8xf32>
}

// CHECK-LABEL: func.func @load
func.func @load() {
  %random = llm.get @random : tensor<8x16xf16>
  // CHECK: %[[T:.*]] = llm.transpose %{{.*}} : tensor<8x16xf16> -> tensor<16x8xf16>
  %t = llm.transpose %random : tensor<8x16xf16> -> tensor<16x8xf16>
  // CHECK: llm.set @transposed, %[[T]] : tensor<16x8xf16>
  llm.set @transposed, %t : tensor<16x8xf16>
  // CHECK: %[[C:.*]] = llm.concat %[[T]], %[[T]] : tensor<16x8xf16>, tensor<16x8xf16> -> tensor<32x8xf16>
  %c = llm.concat %t, %t : tensor<16x8xf16>, tensor<16x8xf16> -> tensor<32x8xf16>
  // CHECK: %[[F:.*]] = llm.cast %[[C]] : tensor<32x8xf16> -> tensor<32x8xf32>
  %f = llm.cast %c : tensor<32x8xf16> -> tensor<32x8xf32>
  // CHECK: %[[P:.*]] = llm.pack %[[F]] : tensor<32x8xf32> -> tensor<1x8x32xf32>
  %p = llm.pack %f : tensor<32x8xf32> -> tensor<1x8x32xf32>
  llm.set @stacked, %p : tensor<1x8x32xf32>
  %g = llm.concat %c, %c, %t : tensor<32x8xf16>, tensor<32x8xf16>, tensor<16x8xf16> -> tensor<80x8xf16>
  // CHECK: llm.pack %{{.*}} {ways = 2 : i64} : tensor<80x8xf16> -> tensor<3x8x32xf16>
  %g2 = llm.pack %g {ways = 2} : tensor<80x8xf16> -> tensor<3x8x32xf16>
  llm.set @gated, %g2 : tensor<3x8x32xf16>
  %ones = llm.get @ones : tensor<8xf32>
  // CHECK: llm.pack %{{.*}} : tensor<8xf32> -> tensor<1x32xf32>
  %b = llm.pack %ones : tensor<8xf32> -> tensor<1x32xf32>
  llm.set @bias, %b : tensor<1x32xf32>
  return
}
}

// CHECK-LABEL: func.func @load_codes
func.func @load_codes(%s: tensor<2x3xf32>, %c: tensor<33x7xi4>) {
  // CHECK: llm.repeat %{{.*}} {times = 32 : i64} : tensor<2x3xf32> -> tensor<64x3xf32>
  %0 = llm.repeat %s {times = 32} : tensor<2x3xf32> -> tensor<64x3xf32>
  // CHECK: llm.pack %{{.*}} : tensor<33x7xi4> -> tensor<2x4x32xi8>
  %1 = llm.pack %c : tensor<33x7xi4> -> tensor<2x4x32xi8>
  return
}
