// Ops that were made for other keys than those of the cache are an error.
// RUN: not qopt %s --split-input-file --defer-key-rope 2>&1 | FileCheck %s
// CHECK: error: 'llm.attention' op rotates the keys that it reads, so those of @layers.0 must be before_rope, not int4
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4", v = "native"}
func.func @f(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  llm.kv_append %x, %x, %batch into @layers.0 : tensor<?x16xf32>, tensor<?x16xf32>
  %a = llm.attention %x, %batch over @layers.0 {heads = 2, scale = 0.5, rope = #llm.rope<theta = 1.0e4>} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// -----

// CHECK: error: 'kernel.attention' op keys int4 before_rope of @layers.0 are cached before their rotary embedding; defer-key-rope makes ops of such caches
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4 before_rope", v = "native"}
func.func @f(%x: tensor<?x16xf32>) {
  %a = kernel.attention %x over @layers.0 {heads = 2, scale = 0.5} : tensor<?x16xf32> -> tensor<?x16xf32>
  return
}

// -----

// CHECK: error: 'kernel.rope_append' op keys int4 of @layers.0 are not cached before their rotary embedding
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4", v = "native"}
func.func @f(%x: tensor<?x16xf32>) {
  %a = kernel.rope_append %x, %x, %x into @layers.0 {heads = 2, offsets = array<i64: 0, 0, 0>, rope = #llm.rope<theta = 1.0e4>, keys_unrotated}
      : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32> -> tensor<?x16xf32>
  return
}

// -----

// CHECK: error: 'llm.attention' op has a bias of keys without rope: all scores of a query would shift alike
llm.param @b : tensor<16xf32>
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4", v = "native"}
func.func @f(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %b = llm.get @b : tensor<16xf32>
  %a = llm.attention %x, %batch over @layers.0 bias %b : tensor<16xf32> {heads = 2, scale = 0.5} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}

// -----

// CHECK: error: 'llm.attention' op bias of keys is 'tensor<8xf32>'; a vector of 16 would fit
llm.param @b : tensor<8xf32>
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "int4 before_rope", v = "native"}
func.func @f(%x: tensor<?x16xf32>, %batch: !llm.batch) -> tensor<?x16xf32> {
  %b = llm.get @b : tensor<8xf32>
  %a = llm.attention %x, %batch over @layers.0 bias %b : tensor<8xf32> {heads = 2, scale = 0.5, rope = #llm.rope<theta = 1.0e4>} : tensor<?x16xf32>
  return %a : tensor<?x16xf32>
}
