// Keys are appended before their rotary embedding and without their bias where the cache asks for it.
// RUN: qopt %s --defer-key-rope 2>%t.err | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t.err
// REMARK: remark: {{.*}}defer-key-rope: 1 layers have no rotary embedding; a bias of their keys, which adds the same to all scores of a query, is left out
// REMARK: remark: {{.*}}defer-key-rope: 2 layers rotate keys as they are read, 1 of them with a bias: 4 operations for each cached element of keys and block of queries, 2 for each element of a query and page, 4096 bytes of cosines and sines

// CHECK: llm.param @k.bias : tensor<16xbf16>
// CHECK: llm.param @k.bias.without_keys : tensor<16xbf16>
// CHECK: llm.param @k.bias.without_keys.scales : tensor<16xf32> = dense<0.000000e+00>
// CHECK: llm.param @qkv.bias.without_keys : tensor<32xf32>
#rope = #llm.rope<theta = 1.0e4>
llm.param @k.weight : tensor<16x16xbf16>
llm.param @k.bias : tensor<16xbf16>
llm.param @k_norm : tensor<8xbf16>
llm.param @qkv.weight : tensor<32x16xf32>
llm.param @qkv.bias : tensor<32xf32>
// CHECK: llm.cache @layers.0 {{.*}}k = "int4 before_rope"
// CHECK: llm.cache @layers.1 {{.*}}k = "int4 before_rope"
// CHECK: llm.cache @layers.2 {{.*}}k = "int8"
// CHECK: llm.cache @layers.3 {{.*}}k = "int4"
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4 before_rope", v = "native"}
llm.cache @layers.1 {kv_heads = 2, head_dim = 8, k = "int4 before_rope", v = "native"}
llm.cache @layers.2 {kv_heads = 2, head_dim = 8, k = "int8 before_rope", v = "native"}
llm.cache @layers.3 {kv_heads = 2, head_dim = 8, k = "int4", v = "native"}

// CHECK-LABEL: func.func @bias
// CHECK-DAG:     %[[BIAS:.*]] = llm.get @k.bias :
// CHECK-DAG:     %[[NONE:.*]] = llm.get @k.bias.without_keys :
// CHECK:         %[[K:.*]] = llm.linear {{.*}} bias %[[NONE]]
// CHECK-NOT:     llm.rope
// CHECK:         llm.kv_append %[[K]], %[[K]], %arg1 into @layers.0
// CHECK:         llm.attention %arg0, %arg1 over @layers.0 bias %[[BIAS]] : tensor<16xbf16> {{.*}}rope = #llm.rope
func.func @bias(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %w = llm.get @k.weight : tensor<16x16xbf16>
  %b = llm.get @k.bias : tensor<16xbf16>
  %k = llm.linear %x, %w bias %b : tensor<?x16xf32>, tensor<16x16xbf16>, tensor<16xbf16> -> tensor<?x16xf32>
  %r = llm.rope %k, %batch {head_dim = 8, rope = #rope} : tensor<?x16xf32>
  llm.kv_append %r, %k, %batch into @layers.0 : tensor<?x16xf32>, tensor<?x16xf32>
  %a = llm.attention %x, %batch over @layers.0 {heads = 2, scale = 0.5} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// Behind a norm of each head, a bias is no sum.
// CHECK-LABEL: func.func @norm
// CHECK:         %[[K:.*]] = llm.rms_norm
// CHECK-NOT:     llm.rope
// CHECK:         llm.kv_append %[[K]], %arg0, %arg1 into @layers.1
// CHECK:         llm.attention %arg0, %arg1 over @layers.1 {{{.*}}rope = #llm.rope
func.func @norm(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %n = llm.get @k_norm : tensor<8xbf16>
  %k = llm.rms_norm %x, %n {eps = 1.0e-6} : tensor<?x16xf32>, tensor<8xbf16>
  %r = llm.rope %k, %batch {head_dim = 8, rope = #rope} : tensor<?x16xf32>
  llm.kv_append %r, %x, %batch into @layers.1 : tensor<?x16xf32>, tensor<?x16xf32>
  %a = llm.attention %x, %batch over @layers.1 {heads = 2, scale = 0.5} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// Without a rotary embedding.
// CHECK-LABEL: func.func @learned
// CHECK:         %[[NONE:.*]] = llm.get @qkv.bias.without_keys :
// CHECK:         llm.linear {{.*}} bias %[[NONE]]
// CHECK:         llm.attention %{{.*}}, %arg1 over @layers.2 {heads = 2 : i64, scale = 5.000000e-01 : f64}
func.func @learned(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %w = llm.get @qkv.weight : tensor<32x16xf32>
  %b = llm.get @qkv.bias : tensor<32xf32>
  %all = llm.linear %x, %w bias %b : tensor<?x16xf32>, tensor<32x16xf32>, tensor<32xf32> -> tensor<?x32xf32>
  %q = llm.slice %all at 0 : tensor<?x32xf32> -> tensor<?x16xf32>
  %k = llm.slice %all at 16 : tensor<?x32xf32> -> tensor<?x16xf32>
  llm.kv_append %k, %q, %batch into @layers.2 : tensor<?x16xf32>, tensor<?x16xf32>
  %a = llm.attention %q, %batch over @layers.2 {heads = 2, scale = 0.5} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// Others stay.
// CHECK-LABEL: func.func @after
// CHECK:         llm.rope
// CHECK:         llm.attention %arg0, %arg1 over @layers.3 {heads = 2 : i64, scale = 5.000000e-01 : f64}
func.func @after(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %r = llm.rope %x, %batch {head_dim = 8, rope = #rope} : tensor<?x16xf32>
  llm.kv_append %r, %x, %batch into @layers.3 : tensor<?x16xf32>, tensor<?x16xf32>
  %a = llm.attention %x, %batch over @layers.3 {heads = 2, scale = 0.5} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// What the projection adds: 0 where keys are.
// CHECK-LABEL: func.func @load
// CHECK-DAG:     %[[ZEROS:.*]] = llm.get @k.bias.without_keys.scales
// CHECK-DAG:     %[[B:.*]] = llm.get @k.bias :
// CHECK:         %[[F:.*]] = llm.scale %[[B]] by %[[ZEROS]]
// CHECK:         %[[C:.*]] = llm.cast %[[F]] : tensor<16xf32> -> tensor<16xbf16>
// CHECK:         llm.set @k.bias.without_keys, %[[C]]
// CHECK:         %[[R:.*]] = llm.scale {{.*}} {offset = 16 : i64}
// CHECK:         llm.set @qkv.bias.without_keys, %[[R]]
