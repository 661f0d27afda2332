// RUN: qopt %s --configure-cpu-kernels --split-input-file | FileCheck %s
// RUN: echo '[{"op": "matmul", "rows": null, "config": {"panels": 8}}, {"op": "matmul", "rows": 1, "config": {"panels": 2}}, {"op": "attention", "location": "layers.0.attention", "config": {"rows": 4}}, {"op": "norm", "location": "elsewhere", "config": {"rows": 1}}]' > %t.json
// RUN: qopt %s --pass-pipeline='builtin.module(configure-cpu-kernels{tuning=%t.json})' --split-input-file | FileCheck %s --check-prefix=TUNED

// One row streams four panels; many rows are cut into blocks, with sums and a converted block of a
// panel as scratch memory. Functions for other targets are left alone.
// CHECK-LABEL:  func.func @products
// CHECK:          kernel.matmul %arg0
// CHECK-SAME:     config = {direct_rows = 24 : i64, k_block = 512 : i64, panels = 4 : i64, prefetch = 4096 : i64, rows = 264 : i64}
// CHECK-SAME:     launch = #kernel.launch<grid = ()[s0, s1] -> (3, s0 ceildiv 264), scratch = 143360>
// CHECK:          kernel.matmul %arg1
// CHECK-SAME:     launch = #kernel.launch<grid = ()[s0, s1] -> (3), scratch = 512>
// CHECK:          kernel.norm
// CHECK-SAME:     config = {rows = 8 : i64}
// CHECK-SAME:     launch = #kernel.launch<grid = ()[s0, s1] -> (s0 ceildiv 8)>
// CHECK-LABEL:  func.func @elsewhere
// CHECK:          kernel.norm rms %arg0, %arg1 {eps
// TUNED-LABEL:  func.func @products
// TUNED:          kernel.matmul %arg0
// TUNED-SAME:     panels = 8
// TUNED-SAME:     (2, s0 ceildiv 264)
// TUNED:          kernel.matmul %arg1
// TUNED-SAME:     panels = 2
// TUNED-SAME:     -> (5), scratch = 256>
// TUNED:          kernel.norm
// TUNED-SAME:     rows = 8
llm.param @w : tensor<9x64x32xbf16>
llm.param @n : tensor<64xbf16>
func.func @products(%x: tensor<?x64xf32>, %y: tensor<1x64xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<9x64x32xbf16>
  %n = llm.get @n : tensor<64xbf16>
  %0 = kernel.matmul %x, %w ways 1 {columns = 288} : tensor<?x64xf32>, tensor<9x64x32xbf16> -> tensor<?x288xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  %1 = kernel.matmul %y, %w ways 1 {columns = 288} : tensor<1x64xf32>, tensor<9x64x32xbf16> -> tensor<1x288xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  %2 = kernel.norm rms %x, %n {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xbf16> -> tensor<?x64xf32>
  return
}
func.func @elsewhere(%x: tensor<?x64xf32>, %n: tensor<64xbf16>) attributes {kernel.target = "ptx"} {
  %0 = kernel.norm rms %x, %n {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xbf16> -> tensor<?x64xf32>
  return
}

// -----

// Items of attention are a KV head, with its query heads, times a block of rows; what a config says
// already stays.
// CHECK-LABEL:  func.func @layer
// CHECK:          kernel.rope_append
// CHECK-SAME:     launch = #kernel.launch<grid = ()[s0, s1] -> (4, s0 ceildiv 8), scratch = 64>
// CHECK:          kernel.attention
// CHECK-SAME:     config = {heads = 2 : i64, rows = 32 : i64}
// CHECK-SAME:     grid = ()[s0, s1] -> (4, s0 ceildiv 32)
// TUNED:          kernel.attention
// TUNED-SAME:     config = {heads = 2 : i64, rows = 4 : i64}
llm.cache @cache {kv_heads = 4, head_dim = 16, k = "native", v = "native"}
func.func @layer(%x: tensor<?x256xf32>) attributes {kernel.target = "cpu"} {
  %q = kernel.rope_append %x, %x, %x into @cache {heads = 8, offsets = array<i64: 0, 128, 192>, rope = #llm.rope<theta = 1.0e4>}
      : tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32> -> tensor<?x128xf32>
  %0 = kernel.attention %q over @cache {heads = 8, scale = 0.25, config = {rows = 32}} : tensor<?x128xf32> -> tensor<?x128xf32> loc("layers.0.attention")
  return
}
