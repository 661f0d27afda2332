// RUN: qopt %s | qopt | FileCheck %s
// RUN: qopt %s --mlir-print-op-generic | qopt | FileCheck %s

llm.param @table : tensor<8x64x32xbf16>
llm.param @positions : tensor<128x64xf16>
llm.param @proj : tensor<2x64x32xbf16>
llm.param @bias : tensor<2x32xbf16>
llm.param @gate_up : tensor<12x64x32xbf16>
llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}

// CHECK-LABEL: func.func @gathers
func.func @gathers(%ids: tensor<?xi32>, %h: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %positions = llm.get @positions : tensor<128x64xf16>
  // CHECK: kernel.gather %{{.*}} at %arg0 : tensor<8x64x32xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  %0 = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  // CHECK: kernel.gather %{{[0-9a-z]*}} : tensor<128x64xf16> -> tensor<?x64xf32>
  %1 = kernel.gather %positions : tensor<128x64xf16> -> tensor<?x64xf32>
  // CHECK: kernel.gather %arg1 at %arg0 {kernel = "select", slots = array<i64: 3>} : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  %2 = kernel.gather %h at %ids {kernel = "select", slots = array<i64: 3>} : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  return
}

// CHECK-LABEL: func.func @norms
func.func @norms(%x: tensor<?x64xf32>, %h: tensor<?x64xf32>, %w: tensor<64xf32>, %b: tensor<64xbf16>) {
  // CHECK: kernel.norm rms %arg0, %arg2 {eps = 1.000000e-05 : f64} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xbf16>
  %0 = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xbf16>
  // CHECK: kernel.norm layer %arg0, %arg2 bias %arg3 : tensor<64xbf16> {eps
  %1 = kernel.norm layer %x, %w bias %b : tensor<64xbf16> {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  // CHECK: kernel.norm layer %arg0 plus %arg1 : tensor<?x64xf32>, %arg2 bias %arg3 : tensor<64xbf16> {eps
  // CHECK-SAME: -> tensor<?x64xbf16>, tensor<?x64xf32>
  %2, %3 = kernel.norm layer %x plus %h : tensor<?x64xf32>, %w bias %b : tensor<64xbf16> {eps = 1.0e-5}
      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xbf16>, tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<?x64xf32>, %h: tensor<?x50xf32>) {
  %w = llm.get @proj : tensor<2x64x32xbf16>
  %b = llm.get @bias : tensor<2x32xbf16>
  %gw = llm.get @gate_up : tensor<12x64x32xbf16>
  // CHECK: kernel.matmul %arg0, %{{.*}} ways 1 extras(%{{.*}}, %arg1 : tensor<2x32xbf16>, tensor<?x50xf32>) {columns = 50 : i64}
  // CHECK-SAME: : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x50xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f32, %{{.*}}: f32, %{{.*}}: f32):
  %0 = kernel.matmul %x, %w ways 1 extras(%b, %h : tensor<2x32xbf16>, tensor<?x50xf32>) {columns = 50}
      : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x50xf32> {
  ^bb0(%acc: f32, %bias: f32, %residual: f32):
    %1 = arith.addf %acc, %bias : f32
    %2 = arith.addf %1, %residual : f32
    kernel.yield %2 : f32
  }
  // The last panel of each half need not be full: 12 panels of 16 columns hold 185.
  // CHECK: kernel.matmul %arg0, %{{.*}} ways 2 {columns = 185 : i64
  // CHECK-SAME: config = {panels = 2 : i64}
  // CHECK-SAME: launch = #kernel.launch<grid = ()[s0, s1] -> (6, s0 ceildiv 64), block = 128, shared = 49152>
  %3 = kernel.matmul %x, %gw ways 2 {columns = 185, config = {panels = 2}, launch = #kernel.launch<grid = ()[T, B] -> (6, T ceildiv 64), block = 128, shared = 49152>}
      : tensor<?x64xf32>, tensor<12x64x32xbf16> -> tensor<?x185xf32> {
  ^bb0(%gate: f32, %up: f32):
    %4 = arith.mulf %gate, %up : f32
    kernel.yield %4 : f32
  }
  return
}

// CHECK-LABEL: func.func @maps
func.func @maps(%x: tensor<?x64xf32>, %y: tensor<?x32xbf16>) {
  // CHECK: kernel.map %arg0, %arg1 {offsets = array<i64: 32, 0>} : tensor<?x64xf32>, tensor<?x32xbf16> -> tensor<?x32xf32> {
  %0 = kernel.map %x, %y {offsets = array<i64: 32, 0>} : tensor<?x64xf32>, tensor<?x32xbf16> -> tensor<?x32xf32> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    kernel.yield %1 : f32
  }
  return
}

// CHECK-LABEL: func.func @attention
func.func @attention(%qkv: tensor<?x128xf32>, %norm: tensor<32xbf16>) {
  // CHECK: kernel.rope_append %arg0, %arg0, %arg0 norms %arg1, %arg1 : tensor<32xbf16>, tensor<32xbf16> into @layers.0
  %q = kernel.rope_append %qkv, %qkv, %qkv norms %norm, %norm : tensor<32xbf16>, tensor<32xbf16> into @layers.0
      {offsets = array<i64: 0, 64, 96>, heads = 2, eps = 1.0e-6, rope = #llm.rope<theta = 1.0e4 : f64>}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  // CHECK: kernel.attention %{{.*}} over @layers.0 {heads = 2 : i64,
  // CHECK-SAME: launch = #kernel.launch<grid = ()[s0, s1] -> (2, s0, s1 ceildiv 2), scratch = 4096>
  %a = kernel.attention %q over @layers.0
      {heads = 2, scale = 0.125, launch = #kernel.launch<grid = ()[T, B] -> (2, T, B ceildiv 2), scratch = 4096>}
      : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func.func @scores
func.func @scores(%logits: tensor<?x512xf32>, %many: tensor<?x50257xf32>, %targets: tensor<?xi32>) {
  // CHECK: kernel.score %arg0, %arg2 : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x5xf32>
  %0 = kernel.score %logits, %targets : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x5xf32>
  // CHECK: kernel.score %arg1, %arg2 {kernel = "score"} : tensor<?x50257xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x52xf32>
  %1, %p = kernel.score %many, %targets {kernel = "score"} : tensor<?x50257xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x52xf32>
  return
}
