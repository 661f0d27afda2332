// RUN: qopt %s -split-input-file --fuse-projections 2>&1 | FileCheck %s

// q, k and v: one product, whose weight and bias @load stacks.
llm.param @q.weight : tensor<16x8xbf16> = #llm.source<"m.safetensors", "q">
llm.param @q.bias : tensor<16xf32> = #llm.source<"m.safetensors", "qb">
llm.param @k.weight : tensor<4x8xbf16> = #llm.source<"m.safetensors", "k">
llm.param @k.bias : tensor<4xf32> = #llm.source<"m.safetensors", "kb">
llm.param @v.weight : tensor<8x4xbf16> = #llm.source<"m.safetensors", "v">
llm.param @v.transposed : tensor<4x8xbf16>
llm.param @v.bias : tensor<4xf32> = #llm.source<"m.safetensors", "vb">
// CHECK:      llm.param @v.weight
// CHECK-NEXT: llm.param @v.transposed
// CHECK-NEXT: llm.param @layers.0.attn.qkv_proj.weight : tensor<24x8xbf16>
// CHECK-NEXT: llm.param @v.bias
// CHECK-NEXT: llm.param @layers.0.attn.qkv_proj.bias : tensor<24xf32>

// CHECK-LABEL: func.func @forward
// CHECK-SAME:  (%[[X:.*]]: tensor<?x8xf32>)
func.func @forward(%x: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  // CHECK-NOT:  llm.get @{{[qkv]}}.
  // CHECK:      %[[W:.*]] = llm.get @layers.0.attn.qkv_proj.weight : tensor<24x8xbf16>
  // CHECK-NEXT: %[[B:.*]] = llm.get @layers.0.attn.qkv_proj.bias : tensor<24xf32>
  // CHECK-NEXT: %[[QKV:.*]] = llm.linear %[[X]], %[[W]] bias %[[B]] : tensor<?x8xf32>, tensor<24x8xbf16>, tensor<24xf32> -> tensor<?x24xf32>
  // CHECK-NEXT: %[[Q:.*]] = llm.slice %[[QKV]] at 0 : tensor<?x24xf32> -> tensor<?x16xf32>
  // CHECK-NEXT: %[[K:.*]] = llm.slice %[[QKV]] at 16 : tensor<?x24xf32> -> tensor<?x4xf32>
  // CHECK-NEXT: %[[V:.*]] = llm.slice %[[QKV]] at 20 : tensor<?x24xf32> -> tensor<?x4xf32>
  // CHECK-NOT:  llm.linear
  // CHECK:      return %[[Q]], %[[K]], %[[V]]
  %wq = llm.get @q.weight : tensor<16x8xbf16>
  %bq = llm.get @q.bias : tensor<16xf32>
  %q = llm.linear %x, %wq bias %bq : tensor<?x8xf32>, tensor<16x8xbf16>, tensor<16xf32> -> tensor<?x16xf32> loc("layers.0.attn.q_proj")
  %wk = llm.get @k.weight : tensor<4x8xbf16>
  %bk = llm.get @k.bias : tensor<4xf32>
  %k = llm.linear %x, %wk bias %bk : tensor<?x8xf32>, tensor<4x8xbf16>, tensor<4xf32> -> tensor<?x4xf32> loc("layers.0.attn.k_proj")
  %wv = llm.get @v.transposed : tensor<4x8xbf16>
  %bv = llm.get @v.bias : tensor<4xf32>
  %v = llm.linear %x, %wv bias %bv : tensor<?x8xf32>, tensor<4x8xbf16>, tensor<4xf32> -> tensor<?x4xf32> loc("layers.0.attn.v_proj")
  return %q, %k, %v : tensor<?x16xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// What @load computed before is used as it is.
// CHECK-LABEL: func.func @load
// CHECK:      %[[WV:.*]] = llm.transpose
// CHECK-NEXT: llm.set @v.transposed, %[[WV]]
// CHECK-NEXT: %[[WQ:.*]] = llm.get @q.weight
// CHECK-NEXT: %[[WK:.*]] = llm.get @k.weight
// CHECK-NEXT: %[[S:.*]] = llm.concat %[[WQ]], %[[WK]], %[[WV]] : {{.*}} -> tensor<24x8xbf16>
// CHECK-NEXT: llm.set @layers.0.attn.qkv_proj.weight, %[[S]]
// CHECK:      llm.concat {{.*}} -> tensor<24xf32>
// CHECK-NEXT: llm.set @layers.0.attn.qkv_proj.bias
func.func @load() {
  %0 = llm.get @v.weight : tensor<8x4xbf16>
  %1 = llm.transpose %0 : tensor<8x4xbf16> -> tensor<4x8xbf16>
  llm.set @v.transposed, %1 : tensor<4x8xbf16>
  return
}

// -----

// Longer names are joined with underscores; a taken name gets a number.
llm.param @mlp.gate.weight : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @mlp.up.weight : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @mlp.gate_up_proj.weight : tensor<1xf32> = #llm.splat<1.0>
// CHECK-LABEL: func.func @gated
// CHECK:       llm.get @mlp.gate_up_proj.weight_0 : tensor<32x8xf16>
func.func @gated(%x: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %wg = llm.get @mlp.gate.weight : tensor<16x8xf16>
  %g = llm.linear %x, %wg : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32> loc("mlp.gate_proj")
  %wu = llm.get @mlp.up.weight : tensor<16x8xf16>
  %u = llm.linear %x, %wu : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32> loc("mlp.up_proj")
  return %g, %u : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

// One linear of an input is none to fuse.
llm.param @w : tensor<16x8xf16> = #llm.splat<1.0>
// CHECK-LABEL: func.func @single
// CHECK:       llm.get @w
// CHECK-NOT:   llm.slice
func.func @single(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %w = llm.get @w : tensor<16x8xf16>
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %1 = llm.linear %y, %w : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}
