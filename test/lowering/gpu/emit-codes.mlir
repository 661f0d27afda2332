// Products with weights in codes: the bytes are read as they are stored, and decoded in registers.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --input-file=%t.ptx
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR

#int4 = #q.scheme<storage = int4, granularity = group, block = [1, 64], zero = symmetric, divisor = 7.0 : f64, range = [-7, 7], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#int8 = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64, range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>

llm.param @w4 : tensor<64x1024x32xi8>
llm.param @s4 : tensor<64x32x32xf32>
llm.param @w8 : tensor<64x2048x32xi8>
llm.param @s8 : tensor<64x1x32xf32>

// One row: 16 bytes a lane at once; a code becomes a number by its bits.
// CHECK-LABEL: .visible .entry matvec4(
// CHECK-COUNT-8: ld.global.nc.v4.b32
// CHECK:         or.b32
// CHECK:         fma.rn.f32
// int8 with int8: integers throughout.
// CHECK-LABEL: .visible .entry matvec8(
// CHECK:         dp4a.s32.s32
// CHECK-NOT:     fma.rn.f32
// CHECK:         cvt.rn.f32.s32
// Many rows: codes are copied to shared memory, and decoded for each fragment.
// CHECK-LABEL: .visible .entry mma4(
// CHECK:         cp.async.cg.shared.global
// CHECK:         ld.shared.b8
// CHECK:         cvt.rn.bf16x2.f32
// CHECK:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// A norm that quantizes: the largest magnitude, then codes, four at once.
// CHECK-LABEL: .visible .entry norm8(
// CHECK:         div.rn.f32
// CHECK:         cvt.rni.f32.f32
// CHECK:         st.global.b32
// CHECK-LABEL: .visible .entry mma8(
// CHECK:         ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK:         mma.sync.aligned.m16n8k32.row.col{{.*}}s32.s8.s8.s32
// CHECK:         cvt.rn.f32.s32

// x, its scales, the weight, its scales, result, T.
// IR: gpu.func @matvec8(%{{.*}}: !llvm.ptr<1> {{{.*}}llvm.readonly}, %{{.*}}: !llvm.ptr<1> {{{.*}}llvm.readonly}, %{{.*}}: !llvm.ptr<1> {{{.*}}llvm.readonly}, %{{.*}}: !llvm.ptr<1> {{{.*}}llvm.readonly}, %{{.*}}: !llvm.ptr<1> {llvm.align = 16 : i64}, %{{.*}}: i64)
func.func @decode.ptx(%x: tensor<1x2048xbf16>, %c: tensor<1x2048xi8>, %cs: tensor<1x1xf32>) -> tensor<1x2048xf32> attributes {kernel.target = "ptx"} {
  %w4 = llm.get @w4 : tensor<64x1024x32xi8>
  %s4 = llm.get @s4 : tensor<64x32x32xf32>
  %w8 = llm.get @w8 : tensor<64x2048x32xi8>
  %s8 = llm.get @s8 : tensor<64x1x32xf32>
  %y = kernel.matmul %x, %w4 scales(%s4 : tensor<64x32x32xf32>) ways 1 {columns = 2048, weight_scheme = #int4, kernel = "matvec4"} : tensor<1x2048xbf16>, tensor<64x1024x32xi8> -> tensor<1x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %z = kernel.matmul %c scaled %cs : tensor<1x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #int8, x_scheme = #int8, kernel = "matvec8"} : tensor<1x2048xi8>, tensor<64x2048x32xi8> -> tensor<1x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %z : tensor<1x2048xf32>
}
llm.param @norm : tensor<2048xf32>
func.func @prefill.ptx(%h: tensor<?x2048xf32>, %x: tensor<?x2048xbf16>) -> tensor<?x2048xf32> attributes {kernel.target = "ptx"} {
  %w4 = llm.get @w4 : tensor<64x1024x32xi8>
  %s4 = llm.get @s4 : tensor<64x32x32xf32>
  %w8 = llm.get @w8 : tensor<64x2048x32xi8>
  %s8 = llm.get @s8 : tensor<64x1x32xf32>
  %n = llm.get @norm : tensor<2048xf32>
  %y = kernel.matmul %x, %w4 scales(%s4 : tensor<64x32x32xf32>) ways 1 {columns = 2048, weight_scheme = #int4, kernel = "mma4"} : tensor<?x2048xbf16>, tensor<64x1024x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %c, %cs = kernel.norm rms %h, %n {eps = 1.0e-5, result_scheme = #int8, kernel = "norm8"} : tensor<?x2048xf32>, tensor<2048xf32> -> tensor<?x2048xi8> scaled tensor<?x1xf32>
  %z = kernel.matmul %c scaled %cs : tensor<?x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #int8, x_scheme = #int8, kernel = "mma8"} : tensor<?x2048xi8>, tensor<64x2048x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %z : tensor<?x2048xf32>
}
