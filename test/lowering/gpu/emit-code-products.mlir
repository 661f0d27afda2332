// Products of codes with codes: fp8 in f16 where the chip lacks fp8 products, integers by block, 4 bits as signed bytes.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.80.ptx 2>%t.remark
// RUN: FileCheck %s --input-file=%t.80.ptx --check-prefixes=CHECK,SM80
// RUN: FileCheck %s --input-file=%t.remark --check-prefix=REMARK
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_89})' -o %t.89.ptx 2>%t.89.remark
// RUN: not grep remark %t.89.remark
// RUN: FileCheck %s --input-file=%t.89.ptx --check-prefixes=CHECK,SM89
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_89})' | FileCheck %s --check-prefix=IR

// REMARK: remark: products of fp8 are computed in f16 by ptx_sm_80; sm_89 and later have them in fp8
// REMARK-NOT: remark
// IR: gpu.module @ptx_sm_89 attributes {kernel.fp8_products = "fp8"}

#fp8 = #q.scheme<storage = fp8_e4m3, granularity = row, zero = symmetric, divisor = 448.0 : f64, range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#int8 = #q.scheme<storage = int8, granularity = group, block = [1, 32], zero = symmetric, divisor = 127.0 : f64, range = [-127, 127], rounding = half_away, arithmetic = reciprocal, scale = f16, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#int4 = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum, divisor = 15.0 : f64, range = [0, 15], rounding = half_even, arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>

llm.param @w8 : tensor<64x2048x32xi8>
llm.param @s8 : tensor<64x1x32xf32>
llm.param @w4 : tensor<64x1024x32xi8>
llm.param @s4 : tensor<64x64x32xf32>

// One row of fp8: numbers in registers, whatever the chip.
// CHECK-LABEL: .visible .entry matvec_fp8(
// CHECK-COUNT-8: ld.global.nc.v4.b32
// CHECK-NOT:     dp4a
// CHECK:         fma.rn.f32
// 4-bit codes as bytes meet even and odd codes of x; a scale of each side for each 32.
// CHECK-LABEL: .visible .entry matvec_int4(
// CHECK:         ld.global.nc.v4.b32
// CHECK:         and.b32 {{.*}}, 252645135
// CHECK:         prmt.b32 {{.*}}, 0x6420U
// CHECK:         dp4a.s32.s32
// CHECK:         prmt.b32 {{.*}}, 0x7531U
// CHECK:         dp4a.s32.s32
// CHECK:         cvt.rn.f32.s32
// CHECK:         fma.rn.f32
// CHECK-LABEL: .visible .entry mma_fp8(
// SM80:          prmt.b32
// SM80:          mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
// SM89:          mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32
// CHECK:         add{{(.rn)?}}.f32
// A group's codes are quantized by its largest magnitude, whose scale is rounded to f16.
// CHECK-LABEL: .visible .entry quantize_groups(
// CHECK:         st.shared
// CHECK:         {{bar(rier)?(.cta)?.sync}}
// CHECK:         ld.shared.v4
// CHECK:         cvt.rn.f16.f32
// CHECK-LABEL: .visible .entry mma_int4(
// CHECK:         mma.sync.aligned.m16n8k32.row.col{{.*}}s32.s8.s8.s32
// CHECK:         fma.rn.f32
func.func @decode.ptx(%c: tensor<1x2048xi8>, %cs: tensor<1x1xf32>, %gs: tensor<1x64xf32>) -> tensor<1x2048xf32> attributes {kernel.target = "ptx"} {
  %w8 = llm.get @w8 : tensor<64x2048x32xi8>
  %s8 = llm.get @s8 : tensor<64x1x32xf32>
  %w4 = llm.get @w4 : tensor<64x1024x32xi8>
  %s4 = llm.get @s4 : tensor<64x64x32xf32>
  %y = kernel.matmul %c scaled %cs : tensor<1x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #fp8, x_scheme = #fp8, kernel = "matvec_fp8"} : tensor<1x2048xi8>, tensor<64x2048x32xi8> -> tensor<1x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %z = kernel.matmul %c scaled %gs : tensor<1x64xf32>, %w4 scales(%s4, %s4 : tensor<64x64x32xf32>, tensor<64x64x32xf32>) ways 1 {columns = 2048, weight_scheme = #int4, x_scheme = #int8, kernel = "matvec_int4"} : tensor<1x2048xi8>, tensor<64x1024x32xi8> -> tensor<1x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %z : tensor<1x2048xf32>
}
func.func @prefill.ptx(%h: tensor<?x2048xf32>, %c: tensor<?x2048xi8>, %cs: tensor<?x1xf32>) -> tensor<?x2048xf32> attributes {kernel.target = "ptx"} {
  %w8 = llm.get @w8 : tensor<64x2048x32xi8>
  %s8 = llm.get @s8 : tensor<64x1x32xf32>
  %w4 = llm.get @w4 : tensor<64x1024x32xi8>
  %s4 = llm.get @s4 : tensor<64x64x32xf32>
  %y = kernel.matmul %c scaled %cs : tensor<?x1xf32>, %w8 scales(%s8 : tensor<64x1x32xf32>) ways 1 {columns = 2048, weight_scheme = #fp8, x_scheme = #fp8, kernel = "mma_fp8"} : tensor<?x2048xi8>, tensor<64x2048x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %g, %gs = kernel.quantize %h {offsets = array<i64: 0>, scheme = #int8, kernel = "quantize_groups"} : tensor<?x2048xf32> -> tensor<?x2048xi8>, tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  %z = kernel.matmul %g scaled %gs : tensor<?x64xf32>, %w4 scales(%s4, %s4 : tensor<64x64x32xf32>, tensor<64x64x32xf32>) ways 1 {columns = 2048, weight_scheme = #int4, x_scheme = #int8, kernel = "mma_int4"} : tensor<?x2048xi8>, tensor<64x1024x32xi8> -> tensor<?x2048xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %z : tensor<?x2048xf32>
}
