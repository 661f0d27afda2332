// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels{tuning=%S/Inputs/tuning.json}))' | FileCheck %s --check-prefix=TUNED

llm.cache @layers.0 {kv_heads = 8, head_dim = 128, k = "native", v = "native"}
llm.param @table : tensor<1000x4096xbf16>
llm.param @norm : tensor<4096xbf16>
llm.param @qkv : tensor<192x4096x32xbf16>
llm.param @gate_up : tensor<896x4096x32xbf16>
llm.param @down : tensor<128x14336x32xbf16>
llm.param @small : tensor<2x4096x32xbf16>

// Rows are blocks; large products get large tiles, and the grid's x runs over rows.
// CHECK-LABEL: func.func @prefill.ptx
// CHECK: kernel.gather {{.*}}config = {algorithm = "row", threads = 128 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (s0), block = 128>
// CHECK: kernel.norm {{.*}}config = {algorithm = "row", threads = 256 : i64}{{.*}}launch = #kernel.launch<grid = ()[s0, s1] -> (s0), block = 256, shared = 256>
// CHECK: kernel.matmul {{.*}}config = {algorithm = "mma", stages = 4 : i64, tile_columns = 128 : i64, tile_depth = 32 : i64, tile_rows = 128 : i64, warp_columns = 2 : i64, warp_rows = 2 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (s0 ceildiv 128, 48), block = 128, shared = 65536>
// CHECK: kernel.rope_append {{.*}}config = {algorithm = "head", warps = 4 : i64}{{.*}}launch = #kernel.launch<grid = ()[s0, s1] -> (s0, 12), block = 128>
// The 32 / 8 query heads of a KV head are rows of a block's tile: 16 tokens make 64 rows.
// CHECK: kernel.attention {{.*}}config = {algorithm = "prefill", keys = 64 : i64, warps = 4 : i64}{{.*}}launch = #kernel.launch<grid = ()[s0, s1] -> (s0 ceildiv 16, 8, s1), block = 128, shared = 81920>
// With two ways, half as many result columns make a tile.
// CHECK: kernel.matmul {{.*}}ways 2 {{.*}}grid = ()[s0, s1] -> (s0 ceildiv 128, 224)
// CHECK: kernel.matmul {{.*}}columns = 40 {{.*}}tile_columns = 64 : i64, {{.*}}tile_rows = 64 : i64, {{.*}}grid = ()[s0, s1] -> (s0 ceildiv 64, 1), block = 128, shared = 32768>
// CHECK: kernel.map {{.*}}config = {algorithm = "row", threads = 256 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (s0, 4), block = 256>
func.func @prefill.ptx(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x4096xf32> attributes {kernel.target = "ptx"} {
  %table = llm.get @table : tensor<1000x4096xbf16>
  %norm = llm.get @norm : tensor<4096xbf16>
  %qkv = llm.get @qkv : tensor<192x4096x32xbf16>
  %gate_up = llm.get @gate_up : tensor<896x4096x32xbf16>
  %small = llm.get @small : tensor<2x4096x32xbf16>
  %h = kernel.gather %table at %ids : tensor<1000x4096xbf16>, tensor<?xi32> -> tensor<?x4096xf32>
  %n = kernel.norm rms %h, %norm {eps = 1.0e-5} : tensor<?x4096xf32>, tensor<4096xbf16> -> tensor<?x4096xbf16>
  %x = kernel.matmul %n, %qkv ways 1 {columns = 6144} : tensor<?x4096xbf16>, tensor<192x4096x32xbf16> -> tensor<?x6144xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %q = kernel.rope_append %x, %x, %x into @layers.0 {heads = 32, offsets = array<i64: 0, 4096, 5120>, rope = #llm.rope<theta = 1.0e4>} : tensor<?x6144xf32>, tensor<?x6144xf32>, tensor<?x6144xf32> -> tensor<?x4096xbf16>
  %a = kernel.attention %q over @layers.0 {heads = 32, scale = 0.088} : tensor<?x4096xbf16> -> tensor<?x4096xbf16>
  %g = kernel.matmul %a, %gate_up ways 2 {columns = 14336} : tensor<?x4096xbf16>, tensor<896x4096x32xbf16> -> tensor<?x14336xbf16> {
  ^bb0(%gate: f32, %up: f32):
    %0 = arith.mulf %gate, %up : f32
    kernel.yield %0 : f32
  }
  %s = kernel.matmul %a, %small ways 1 {columns = 40} : tensor<?x4096xbf16>, tensor<2x4096x32xbf16> -> tensor<?x40xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %m = kernel.map %h {offsets = array<i64: 0>} : tensor<?x4096xf32> -> tensor<?x4096xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x4096xf32>
}

// One row: the weights' bytes decide. Few columns split the depth among warps, so that a block exists
// for every multiprocessor several times; many columns take more weight rows a warp.
// CHECK-LABEL: func.func @decode.ptx
// CHECK: kernel.matmul {{.*}}columns = 6144 {{.*}}config = {algorithm = "matvec", columns = 2 : i64, split = 1 : i64, unroll = 4 : i64, warps = 4 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (768), block = 128, shared = 32>
// Two blocks for each multiprocessor: 8 KV heads in 32 parts.
// CHECK: kernel.append_attention {{.*}}config = {algorithm = "decode", warps = 4 : i64}{{.*}}launch = #kernel.launch<grid = ()[s0, s1] -> (1, 8, 32), block = 128, shared = 10512>
// CHECK: kernel.matmul {{.*}}ways 2 {{.*}}config = {algorithm = "matvec", columns = 2 : i64, split = 1 : i64, unroll = 2 : i64, warps = 4 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (1792), block = 128, shared = 64>
// CHECK: kernel.matmul {{.*}}columns = 40 {{.*}}split = 4 {{.*}}grid = ()[s0, s1] -> (20)
// A rule of the tuning file wins where its sizes are those of the op.
// TUNED-LABEL: func.func @decode.ptx
// TUNED: kernel.matmul {{.*}}columns = 6144 {{.*}}config = {algorithm = "matvec", columns = 1 : i64, split = 4 : i64, unroll = 8 : i64, warps = 8 : i64}, launch = #kernel.launch<grid = ()[s0, s1] -> (3072), block = 256, shared = 32>
// TUNED: kernel.append_attention {{.*}}warps = 8
// TUNED: kernel.matmul {{.*}}columns = 40 {{.*}}split = 4 {{.*}}warps = 4
func.func @decode.ptx(%n: tensor<1x4096xbf16>, %batch: !llm.batch) -> tensor<1x40xf32> attributes {kernel.target = "ptx"} {
  %qkv = llm.get @qkv : tensor<192x4096x32xbf16>
  %gate_up = llm.get @gate_up : tensor<896x4096x32xbf16>
  %small = llm.get @small : tensor<2x4096x32xbf16>
  %x = kernel.matmul %n, %qkv ways 1 {columns = 6144} : tensor<1x4096xbf16>, tensor<192x4096x32xbf16> -> tensor<1x6144xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %a, %p = kernel.append_attention %x, %x, %x over @layers.0 {heads = 32, offsets = array<i64: 0, 4096, 5120>, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 32} : tensor<1x6144xf32>, tensor<1x6144xf32>, tensor<1x6144xf32> -> tensor<1x4096xbf16>, tensor<1x133120xf32>
  %g = kernel.matmul %a, %gate_up ways 2 {columns = 14336} : tensor<1x4096xbf16>, tensor<896x4096x32xbf16> -> tensor<1x14336xbf16> {
  ^bb0(%gate: f32, %up: f32):
    %0 = arith.mulf %gate, %up : f32
    kernel.yield %0 : f32
  }
  %s = kernel.matmul %a, %small ways 1 {columns = 40} : tensor<1x4096xbf16>, tensor<2x4096x32xbf16> -> tensor<1x40xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %s : tensor<1x40xf32>
}

// Functions for other targets are left alone.
// CHECK-LABEL: func.func @other.cpu
// CHECK: kernel.map
// CHECK-NOT: launch
func.func @other.cpu(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "cpu"} {
  %m = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x64xf32>
}
