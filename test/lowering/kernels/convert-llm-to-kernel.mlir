// RUN: qopt %s --convert-llm-to-kernel=target=cpu | FileCheck %s --check-prefixes=CHECK,CPU
// RUN: qopt %s --convert-llm-to-kernel=target=ptx | FileCheck %s --check-prefixes=CHECK,PTX
// RUN: qopt %s --convert-llm-to-kernel="target=ptx operand-type=f32" | FileCheck %s --check-prefix=F32
// RUN: qopt %s --convert-llm-to-kernel=target=cpu --convert-llm-to-kernel=target=cpu \
// RUN:   | FileCheck %s --check-prefix=TWICE

llm.param @table : tensor<8x64x32xbf16>
llm.param @positions : tensor<128x64xbf16>
llm.param @norm : tensor<64xbf16>
llm.param @bias : tensor<64xbf16>
llm.param @proj : tensor<2x64x32xbf16>
llm.param @proj_bias : tensor<2x32xbf16>
llm.param @gate_up : tensor<12x64x32xbf16>
llm.param @head_norm : tensor<32xbf16>
llm.cache @layers.0 {kv_heads = 2, head_dim = 32, k = "native", v = "native"}

// The llm function stays; the copy says what it is for.
// CHECK-LABEL: func.func @embed(
// CHECK:         llm.embedding
// CPU:         func.func @embed.cpu({{.*}}kernel.operand_type = f32, kernel.target = "cpu"
// PTX:         func.func @embed.ptx({{.*}}kernel.operand_type = bf16, kernel.target = "ptx"
// CHECK-NOT:     llm.positions
// CHECK:         %[[T:.*]] = llm.get @table
// CHECK:         %[[E:.*]] = kernel.gather %[[T]] at %{{.*}} : tensor<8x64x32xbf16>, tensor<?xi32> -> tensor<?x64xf32>
// CHECK:         %[[P:.*]] = llm.get @positions
// CHECK:         %[[W:.*]] = kernel.gather %[[P]] : tensor<128x64xbf16> -> tensor<?x64xf32>
// CHECK:         %[[S:.*]] = kernel.map %[[E]], %[[W]] {offsets = array<i64: 0, 0>}
// CHECK:           %[[SUM:.*]] = arith.addf
// CHECK:           kernel.yield %[[SUM]]
// CHECK:         return %[[S]]
func.func @embed(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x64xf32> {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %e = llm.embedding %ids, %table : (tensor<?xi32>, tensor<8x64x32xbf16>) -> tensor<?x64xf32>
  %p = llm.positions %batch : tensor<?xi32>
  %ptable = llm.get @positions : tensor<128x64xbf16>
  %w = llm.embedding %p, %ptable : (tensor<?xi32>, tensor<128x64xbf16>) -> tensor<?x64xf32>
  %s = llm.add %e, %w : tensor<?x64xf32>
  return %s : tensor<?x64xf32>
}

// What only products and attention read has the operand type; a product's bias is an extra.
// CPU-LABEL:   func.func @block.cpu
// PTX-LABEL:   func.func @block.ptx
// CPU:         %[[N:.*]] = kernel.norm layer %{{.*}}, %{{.*}} bias %{{.*}} -> tensor<?x64xf32>
// PTX:         %[[N:.*]] = kernel.norm layer %{{.*}}, %{{.*}} bias %{{.*}} -> tensor<?x64xbf16>
// CHECK:       %[[L:.*]] = kernel.matmul %[[N]], %{{.*}} ways 1 extras(%{{.*}} : tensor<2x32xbf16>) {columns = 64 : i64}
// CHECK:       ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32):
// CHECK:         arith.addf %[[ACC]], %[[BIAS]]
// Rotation and per-head norms wait for fuse-rope-append.
// CHECK:       %[[Q:.*]] = llm.rms_norm %[[L]]
// CHECK:       %[[R:.*]] = llm.rope %[[Q]]
// CPU:         %[[A:.*]] = kernel.attention %[[R]] over @layers.0 {{.*}} -> tensor<?x64xf32>
// PTX:         %[[A:.*]] = kernel.attention %[[R]] over @layers.0 {{.*}} -> tensor<?x64xbf16>
// A product with ways = 2 becomes one for each half.
// CHECK:       %[[G:.*]] = kernel.matmul %[[A]], %{{.*}} ways 2 {columns = 192 : i64}
// CHECK:       ^bb0(%[[GATE:.*]]: f32, %{{.*}}: f32):
// CHECK:         kernel.yield %[[GATE]]
// CHECK:       %[[U:.*]] = kernel.matmul %[[A]], %{{.*}} ways 2 {columns = 192 : i64}
// CHECK:       ^bb0(%{{.*}}: f32, %[[UP:.*]]: f32):
// CHECK:         kernel.yield %[[UP]]
// CHECK:       %[[SILU:.*]] = kernel.map %[[G]]
// CHECK:         math.exp
// CHECK:         arith.divf
// CHECK:       kernel.map %[[SILU]], %[[U]]
// CHECK:         arith.mulf
func.func @block(%x: tensor<?x64xf32>, %batch: !llm.batch) -> tensor<?x192xf32> {
  %norm = llm.get @norm : tensor<64xbf16>
  %bias = llm.get @bias : tensor<64xbf16>
  %w = llm.get @proj : tensor<2x64x32xbf16>
  %b = llm.get @proj_bias : tensor<2x32xbf16>
  %gw = llm.get @gate_up : tensor<12x64x32xbf16>
  %hw = llm.get @head_norm : tensor<32xbf16>
  %n = llm.layer_norm %x, %norm, %bias {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xbf16>, tensor<64xbf16>
  %l = llm.linear %n, %w bias %b : tensor<?x64xf32>, tensor<2x64x32xbf16>, tensor<2x32xbf16> -> tensor<?x64xf32>
  %h = llm.rms_norm %l, %hw {eps = 1.0e-6} : tensor<?x64xf32>, tensor<32xbf16>
  %q = llm.rope %h, %batch {head_dim = 32, rope = #llm.rope<theta = 1.0e4 : f64>} : tensor<?x64xf32>
  %a = llm.attention %q, %batch over @layers.0 {heads = 2, scale = 0.125} : tensor<?x64xf32>
  %gu = llm.linear %a, %gw {ways = 2} : tensor<?x64xf32>, tensor<12x64x32xbf16> -> tensor<?x384xf32>
  %g = llm.slice %gu at 0 : tensor<?x384xf32> -> tensor<?x192xf32>
  %u = llm.slice %gu at 192 : tensor<?x384xf32> -> tensor<?x192xf32>
  %s = llm.silu %g : tensor<?x192xf32>
  %m = llm.mul %s, %u : tensor<?x192xf32>
  return %m : tensor<?x192xf32>
}

// CPU-LABEL:   func.func @head.cpu
// PTX-LABEL:   func.func @head.ptx
// CPU:         %[[R:.*]] = kernel.gather %arg0 at %arg1 {{.*}} -> tensor<?x64xf32>
// PTX:         %[[R:.*]] = kernel.gather %arg0 at %arg1 {{.*}} -> tensor<?x64xbf16>
// CHECK:       %[[L:.*]] = kernel.matmul %[[R]], %{{.*}} -> tensor<?x250xf32>
// CHECK:       kernel.map %[[L]]
// CHECK:         math.tanh
// F32-LABEL:   func.func @head.ptx({{.*}}kernel.operand_type = f32
// F32:         kernel.gather {{.*}} -> tensor<?x64xf32>
// TWICE-COUNT-1: func.func @head.cpu
// TWICE-NOT:     func.func @head.cpu
func.func @head(%hidden: tensor<?x64xf32>, %rows: tensor<?xi32>) -> tensor<?x250xf32> {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %r = llm.select_rows %hidden, %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  %l = llm.linear %r, %table : tensor<?x64xf32>, tensor<8x64x32xbf16> -> tensor<?x250xf32>
  %g = llm.gelu tanh %l : tensor<?x250xf32>
  return %g : tensor<?x250xf32>
}
