// On sm_90a, products with many rows are warpgroup products of tiles that TMA brings; with few rows, and of codes that would
// have to be decoded, they are what they are elsewhere.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_90a})' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_90a})' -o %t.ptx
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_90})' | FileCheck %s --check-prefix=SM90
// SM90-NOT: wgmma

#int8 = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64, range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#fp8 = #q.scheme<storage = fp8_e4m3, granularity = row, zero = symmetric, divisor = 448.0 : f64, range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w : tensor<64x256x32xbf16>
llm.param @two : tensor<512x256x32xbf16>
llm.param @w8 : tensor<64x96x32xi8>
llm.param @s8 : tensor<64x1x32xf32>

// Rows of the step, then the ways of the weight; a launch of its own.
// IR: gpu.func @product(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr<1> {{{.*}}}, %{{.*}}: i64)
// IR-SAME: kernel.launch = #kernel.launch<grid = ()[s0, s1] -> (s0 ceildiv 128, 16), block = 288, shared = 98352>
// IR-SAME: kernel.tensor_maps = [{argument = 0 : i64, box = array<i64: 64, 128>, sizes = array<i64: 256, -9223372036854775808>, strides = array<i64: 512>}, {argument = 1 : i64, box = array<i64: 64, 128, 1>, sizes = array<i64: 256, 2048, 1>, strides = array<i64: 512, 1048576>}]
// CHECK:       .extern .shared .align 1024 .b8 shared_memory[];
// CHECK-LABEL: .visible .entry product(
// CHECK-NEXT:    .param .align 64 .b8 product_param_0[128],
// CHECK-NEXT:    .param .align 64 .b8 product_param_1[128],
// CHECK:         mbarrier.init.shared.b64
// CHECK:         fence.proxy.async.shared::cta
// CHECK:         mbarrier.arrive.expect_tx.shared.b64 {{.*}}
// CHECK:         cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// CHECK:         cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
// CHECK:         mbarrier.try_wait.parity.shared.b64
// CHECK:         wgmma.fence.sync.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK:         wgmma.commit_group.sync.aligned
// CHECK-NEXT:    wgmma.wait_group.sync.aligned 0
// CHECK:         mbarrier.arrive.shared.b64
// CHECK-NOT:     mma.sync
// IR: gpu.func @gated
// IR-SAME: sizes = array<i64: 256, 8192, 2>, strides = array<i64: 512, 4194304>
// CHECK-LABEL: .visible .entry gated(
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// Pairs of int8, 96 bytes a row.
// IR: gpu.func @integer
// IR-SAME: sizes = array<i64: 48, -9223372036854775808>, strides = array<i64: 96>
// CHECK-LABEL: .visible .entry integer(
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k32.s32.s8.s8
// CHECK:         cvt.rn.f32.s32
// fp8 starts anew with each stage, and is added to sums in f32.
// CHECK-LABEL: .visible .entry fp8(
// CHECK:         wgmma.fence.sync.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k32.f32.e4m3.e4m3
// CHECK:         wgmma.wait_group.sync.aligned 0
// CHECK-COUNT-64: add{{(.rn)?}}.f32
// CHECK-LABEL: .visible .entry decoded(
// CHECK-NOT:     wgmma
// CHECK:         mma.sync
// CHECK-NOT:     wgmma
func.func @prefill.ptx(%x: tensor<?x256xbf16>, %c: tensor<?x96xi8>, %cs: tensor<?x1xf32>, %h: tensor<?x96xbf16>) -> tensor<?x2048xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<64x256x32xbf16>
  %two = llm.get @two : tensor<512x256x32xbf16>
  %w8 = llm.get @w8 : tensor<64x96x32xi8>
  %s8 = llm.get @s8 : tensor<64x1x32xf32>
  %y = kernel.matmul %x, %w ways 1 {columns = 2048, kernel = "product"} : tensor<?x256xbf16>, tensor<64x256x32xbf16> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %g = kernel.matmul %x, %two ways 2 {columns = 8192, kernel = "gated"} : tensor<?x256xbf16>, tensor<512x256x32xbf16> -> tensor<?x8192xbf16> {
  ^bb0(%gate: f32, %up: f32):
    %product = arith.mulf %gate, %up : f32
    kernel.yield %product : f32
  }
  %i = kernel.matmul %c scaled %cs : tensor<?x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #int8, x_scheme = #int8, kernel = "integer"} : tensor<?x96xi8>, tensor<64x96x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %f = kernel.matmul %c scaled %cs : tensor<?x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #fp8, x_scheme = #fp8, kernel = "fp8"} : tensor<?x96xi8>, tensor<64x96x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %d = kernel.matmul %h, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #int8, kernel = "decoded"} : tensor<?x96xbf16>, tensor<64x96x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %d : tensor<?x2048xf32>
}
