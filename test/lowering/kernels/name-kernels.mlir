// RUN: qopt %s --name-kernels | FileCheck %s

llm.param @table : tensor<8x64x32xbf16>
llm.param @w : tensor<4x64x32xbf16>
llm.param @norm : tensor<64xf32>
llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
llm.cache @layers.1 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
llm.cache @layers.2 {kv_heads = 2, head_dim = 32, k = "native", v = "native"}

// CHECK-LABEL: func.func @decode.cpu
// CHECK:         kernel.gather {{.*}}kernel = "gather_64_bf16_packed_rows1"
// CHECK:         kernel.norm {{.*}}kernel = "rms_norm_64_rows1"
// Another layer's cache of the same shape: the same kernel. Another shape: another.
// CHECK:         kernel.attention {{.*}}layers.0 {{.*}}kernel = "attention_2h_1kv_32_rows1"
// CHECK:         kernel.attention {{.*}}layers.1 {{.*}}kernel = "attention_2h_1kv_32_rows1"
// CHECK:         kernel.attention {{.*}}layers.2 {{.*}}kernel = "attention_2h_2kv_32_rows1"
// CHECK:         kernel.matmul {{.*}}kernel = "matmul_128x64_bf16_silu_gate_rows1"
// What differs in the region only differs by number.
// CHECK:         kernel.matmul {{.*}}kernel = "matmul_128x64_bf16_silu_gate_rows1_v2"
// CHECK:         kernel.norm {{.*}}kernel = "rms_norm_64_rows1_v2"
func.func @decode.cpu(%ids: tensor<1xi32>, %batch: !llm.batch) -> tensor<1x64xf32> attributes {kernel.target = "cpu"} {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %w = llm.get @w : tensor<4x64x32xbf16>
  %norm = llm.get @norm : tensor<64xf32>
  %h = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<1xi32> -> tensor<1x64xf32>
  %n = kernel.norm rms %h, %norm {eps = 1.0e-5} : tensor<1x64xf32>, tensor<64xf32> -> tensor<1x64xf32>
  %a = kernel.attention %n over @layers.0 {heads = 2, scale = 0.125} : tensor<1x64xf32> -> tensor<1x64xf32>
  %b = kernel.attention %a over @layers.1 {heads = 2, scale = 0.125} : tensor<1x64xf32> -> tensor<1x64xf32>
  %c = kernel.attention %b over @layers.2 {heads = 2, scale = 0.125} : tensor<1x64xf32> -> tensor<1x64xf32>
  %g = kernel.matmul %c, %w ways 2 {columns = 64} : tensor<1x64xf32>, tensor<4x64x32xbf16> -> tensor<1x64xf32> {
  ^bb0(%x: f32, %y: f32):
    %0 = math.exp %x : f32
    %1 = arith.mulf %0, %y : f32
    kernel.yield %1 : f32
  }
  %i = kernel.matmul %g, %w ways 2 {columns = 64} : tensor<1x64xf32>, tensor<4x64x32xbf16> -> tensor<1x64xf32> {
  ^bb0(%x: f32, %y: f32):
    %0 = math.exp %y : f32
    %1 = arith.mulf %0, %x : f32
    kernel.yield %1 : f32
  }
  %m = kernel.norm rms %i, %norm {eps = 1.0e-6} : tensor<1x64xf32>, tensor<64xf32> -> tensor<1x64xf32>
  return %m : tensor<1x64xf32>
}

// Rows that are not static, and types; an activation is no table, even where the types are the same.
// CHECK-LABEL: func.func @prefill_head.ptx
// CHECK:         kernel.gather {{.*}}kernel = "select_rows_64_to_bf16"
// CHECK:         kernel.matmul {{.*}}kernel = "matmul_64x64_bf16_residual"
// CHECK:         kernel.matmul {{.*}}kernel = "matmul_64x64_bf16_residual"
// CHECK:         kernel.map {{.*}}kernel = "map_gelu_64"
func.func @prefill_head.ptx(%hidden: tensor<?x64xf32>, %rows: tensor<?xi32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w0 = llm.get @w : tensor<4x64x32xbf16>
  %w = llm.get @w2 : tensor<2x64x32xbf16>
  %r = kernel.gather %hidden at %rows : tensor<?x64xf32>, tensor<?xi32> -> tensor<?x64xbf16>
  %y = kernel.matmul %r, %w ways 1 extras(%hidden : tensor<?x64xf32>) {columns = 64, slots = array<i64: 4>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%x: f32, %e: f32):
    %0 = arith.addf %x, %e : f32
    kernel.yield %0 : f32
  }
  %z = kernel.matmul %r, %w ways 1 extras(%y : tensor<?x64xf32>) {columns = 64, slots = array<i64: 5>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%x: f32, %e: f32):
    %0 = arith.addf %x, %e : f32
    kernel.yield %0 : f32
  }
  %m = kernel.map %z {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%x: f32):
    %0 = math.erf %x : f32
    kernel.yield %0 : f32
  }
  return %m : tensor<?x64xf32>
}
llm.param @w2 : tensor<2x64x32xbf16>
