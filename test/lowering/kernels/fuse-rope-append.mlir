// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-rope-append))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-rope-append))' --remarks-filter='fuse.*' 2>&1 >/dev/null \
// RUN:   | FileCheck %s --check-prefix=REMARK

#rope = #llm.rope<theta = 1.0e4 : f64>
llm.param @q_norm : tensor<32xbf16>
llm.param @k_norm : tensor<32xbf16>
llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
llm.cache @layers.1 {kv_heads = 1, head_dim = 32, k = "int8 before_rope", v = "native"}

// One product for q, k and v, norms and rotation; the result has the operand type.
// CHECK-LABEL: func.func @fused
// CHECK-DAG:     %[[QN:.*]] = llm.get @q_norm
// CHECK-DAG:     %[[KN:.*]] = llm.get @k_norm
// CHECK-NOT:     kernel.map
// CHECK-NOT:     llm.r
// CHECK:         %[[Q:.*]] = kernel.rope_append %arg0, %arg0, %arg0 norms %[[QN]], %[[KN]] : tensor<32xbf16>, tensor<32xbf16> into @layers.0
// CHECK-SAME:      eps = 9.9999999999999995E-7 : f64, heads = 2 : i64, offsets = array<i64: 0, 64, 96>, rope = #llm.rope
// CHECK-SAME:      -> tensor<?x64xbf16>
// CHECK-NEXT:    kernel.attention %[[Q]] over @layers.0
// CHECK-NOT:     llm.kv_append
func.func @fused(%qkv: tensor<?x128xf32>, %batch: !llm.batch) -> tensor<?x64xf32>
    attributes {kernel.target = "ptx", kernel.operand_type = bf16} {
  %qn = llm.get @q_norm : tensor<32xbf16>
  %kn = llm.get @k_norm : tensor<32xbf16>
  %q0 = kernel.map %qkv {offsets = array<i64: 0>} : tensor<?x128xf32> -> tensor<?x64xf32> {
  ^bb0(%x: f32):
    kernel.yield %x : f32
  }
  %k0 = kernel.map %qkv {offsets = array<i64: 64>} : tensor<?x128xf32> -> tensor<?x32xf32> {
  ^bb0(%x: f32):
    kernel.yield %x : f32
  }
  %v = kernel.map %qkv {offsets = array<i64: 96>} : tensor<?x128xf32> -> tensor<?x32xf32> {
  ^bb0(%x: f32):
    kernel.yield %x : f32
  }
  %q1 = llm.rms_norm %q0, %qn {eps = 1.0e-6} : tensor<?x64xf32>, tensor<32xbf16>
  %k1 = llm.rms_norm %k0, %kn {eps = 1.0e-6} : tensor<?x32xf32>, tensor<32xbf16>
  %q = llm.rope %q1, %batch {head_dim = 32, rope = #rope} : tensor<?x64xf32>
  %k = llm.rope %k1, %batch {head_dim = 32, rope = #rope} : tensor<?x32xf32>
  llm.kv_append %k, %v, %batch into @layers.0 : tensor<?x32xf32>, tensor<?x32xf32>
  %a = kernel.attention %q over @layers.0 {heads = 2, scale = 0.125} : tensor<?x64xf32> -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// Products of their own and learned positions: append only.
// CHECK-LABEL: func.func @append_only
// CHECK:         %[[Q:.*]] = kernel.rope_append %arg0, %arg1, %arg2 into @layers.0 {heads = 2 : i64, offsets = array<i64: 0, 0, 0>}
// CHECK-NEXT:    kernel.attention %[[Q]]
func.func @append_only(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %batch: !llm.batch)
    -> tensor<?x64xf32> attributes {kernel.target = "cpu", kernel.operand_type = f32} {
  llm.kv_append %k, %v, %batch into @layers.0 : tensor<?x32xf32>, tensor<?x32xf32>
  %a = kernel.attention %q over @layers.0 {heads = 2, scale = 0.125} : tensor<?x64xf32> -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// Keys that attention rotates.
// CHECK-LABEL: func.func @keys_unrotated
// CHECK:         kernel.rope_append %arg0, %arg1, %arg2 into @layers.1 {{{.*}}keys_unrotated, {{.*}}rope = #llm.rope
// CHECK-NEXT:    kernel.attention {{.*}} over @layers.1 {{{.*}}rope = #llm.rope
// CHECK-NOT:     llm.rope %
func.func @keys_unrotated(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %batch: !llm.batch)
    -> tensor<?x64xf32> attributes {kernel.target = "cpu", kernel.operand_type = f32} {
  %r = llm.rope %q, %batch {head_dim = 32, rope = #rope} : tensor<?x64xf32>
  llm.kv_append %k, %v, %batch into @layers.1 : tensor<?x32xf32>, tensor<?x32xf32>
  %a = kernel.attention %r over @layers.1 {heads = 2, scale = 0.125, rope = #rope} : tensor<?x64xf32> -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// REMARK: Remark="q and k are rotated differently"
// CHECK-LABEL: func.func @rotated_differently
// CHECK:         llm.kv_append
// CHECK-NOT:     kernel.rope_append
func.func @rotated_differently(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %v: tensor<?x32xf32>, %batch: !llm.batch)
    -> tensor<?x64xf32> attributes {kernel.target = "cpu", kernel.operand_type = f32} {
  %r = llm.rope %q, %batch {head_dim = 32, rope = #rope} : tensor<?x64xf32>
  llm.kv_append %k, %v, %batch into @layers.0 : tensor<?x32xf32>, tensor<?x32xf32>
  %a = kernel.attention %r over @layers.0 {heads = 2, scale = 0.125} : tensor<?x64xf32> -> tensor<?x64xf32>
  return %a : tensor<?x64xf32>
}

// REMARK: Remark="no attention over the cache follows"
// CHECK-LABEL: func.func @no_attention
// CHECK:         llm.kv_append
func.func @no_attention(%q: tensor<?x64xf32>, %k: tensor<?x32xf32>, %batch: !llm.batch)
    -> tensor<?x64xf32> attributes {kernel.target = "cpu", kernel.operand_type = f32} {
  llm.kv_append %k, %k, %batch into @layers.0 : tensor<?x32xf32>, tensor<?x32xf32>
  return %q : tensor<?x64xf32>
}
