// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels=level=avx512 --split-input-file | FileCheck %s
// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels=level=avx2 --split-input-file | FileCheck %s --check-prefix=AVX2

#int8_row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                      range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                      min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// Codes are summed once a call; one row reads panels as they are stored, four side by side, and
// interleaves four rows of each. The token's scale multiplies the finished sums.
// CHECK-LABEL: module @cpu.avx512
// CHECK-LABEL: func.func @decode
// CHECK:         call @code_sums_1x64
// CHECK:         scf.for
// CHECK:           call @integer_row_x4_k64_int8_plus128_symmetric_groups1x1
// CHECK:           %[[SCALE:.*]] = vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK:           arith.mulf %{{.*}}, %[[SCALE]]
// CHECK-LABEL: func.func private @integer_row_x4
// CHECK:         arith.xori %{{.*}} : vector<32xi8>
// CHECK:         vector.shuffle %{{.*}} [0, 32, 1, 33, 2, 34, 3, 35, 4, 36, 5, 37, 6, 38, 7, 39, 16, 48
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"
// CHECK:         arith.sitofp %{{.*}} : vector<16xi32> to vector<16xf32>
// AVX2-LABEL: module @cpu.avx2
// AVX2:         llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"
// AVX2-NOT:     vpdpbusd
llm.param @w : tensor<4x64x32xi8>
llm.param @s : tensor<4x1x32xf32>
func.func @one_row(%x: tensor<1x64xi8>, %xs: tensor<1x1xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<4x64x32xi8>
  %s = llm.get @s : tensor<4x1x32xf32>
  %0 = kernel.matmul %x scaled %xs : tensor<1x1xf32>, %w scales(%s : tensor<4x1x32xf32>) ways 1
      {columns = 128, kernel = "decode", weight_scheme = #int8_row, x_scheme = #int8_row}
      : tensor<1x64xi8>, tensor<4x64x32xi8> -> tensor<1x128xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#int8_group = #q.scheme<storage = int8, granularity = group, block = [1, 32], zero = symmetric, divisor = 127.0 : f64,
                        range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                        min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#int4_group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = symmetric, divisor = 7.0 : f64,
                        range = [-7, 7], rounding = half_even, arithmetic = divide, scale = f32,
                        min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// A panel is unpacked once for all rows; tiles add each block's scaled sums to those before it.
// CHECK-LABEL: func.func @prefill
// CHECK:         call @code_sums_2x32
// CHECK:         call @unpack_panel_k64_int4_plus8_symmetric_groups2x2
// CHECK:         call @integer_tile_12_k64_int4
// CHECK-LABEL: func.func private @unpack_panel
// CHECK:         arith.andi %{{.*}} : vector<32xi8>
// CHECK-LABEL: func.func private @integer_tile_12
// CHECK:         scf.for
// CHECK:           llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK:           math.fma
llm.param @w : tensor<4x32x32xi8>
llm.param @s : tensor<4x2x32xf32>
func.func @rows(%x: tensor<?x64xi8>, %xs: tensor<?x2xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<4x32x32xi8>
  %s = llm.get @s : tensor<4x2x32xf32>
  %0 = kernel.matmul %x scaled %xs : tensor<?x2xf32>, %w scales(%s : tensor<4x2x32xf32>) ways 1
      {columns = 128, kernel = "prefill", weight_scheme = #int4_group, x_scheme = #int8_group}
      : tensor<?x64xi8>, tensor<4x32x32xi8> -> tensor<?x128xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}
