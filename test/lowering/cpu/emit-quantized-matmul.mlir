// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels --split-input-file | FileCheck %s
// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels=level=avx2 --split-input-file | FileCheck %s --check-prefix=AVX2

// One scale a column: codes are multiplied as they are, and finished sums by the scale.
// CHECK-LABEL: func.func @row
// CHECK:         call @matmul_row_x4_k96_int8_ahead4096(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK:         %[[SUM:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:         %[[SCALE:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:         %[[RESULT:.*]] = arith.mulf %[[SUM]], %[[SCALE]]
// CHECK:         llvm.store %[[RESULT]]
// CHECK-LABEL: func.func private @matmul_row_x4_k96_int8_ahead4096
// CHECK:         scf.for
// CHECK:           llvm.intr.prefetch
// CHECK:           %[[BYTES:.*]] = llvm.load {{.*}} -> vector<16xi8>
// CHECK:           %[[WIDE:.*]] = arith.extsi %[[BYTES]] : vector<16xi8> to vector<16xi32>
// CHECK:           %[[CODE:.*]] = arith.sitofp %[[WIDE]]
// CHECK:           math.fma %{{.*}}, %[[CODE]]
// CHECK-NOT:       arith.mulf
#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @c : tensor<4x96x32xi8>
llm.param @s : tensor<4x1x32xf32>
func.func @f(%x: tensor<1x96xf32>) attributes {kernel.target = "cpu"} {
  %c = llm.get @c : tensor<4x96x32xi8>
  %s = llm.get @s : tensor<4x1x32xf32>
  %0 = kernel.matmul %x, %c scales(%s : tensor<4x1x32xf32>) ways 1 {columns = 128, kernel = "row", weight_scheme = #row}
      : tensor<1x96xf32>, tensor<4x96x32xi8> -> tensor<1x128xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

// Groups: scales and zeros of a group are loaded, then its codes, two to a byte, looked up in a table
// in a register, or of bytes where there is no such instruction; many rows multiply dequantized
// values, computed alike.
// CHECK-LABEL: func.func @groups
// CHECK:         arith.shrui
// CHECK:         func.call @matmul_tile_12x128_k96_cached
// CHECK-LABEL: func.func private @matmul_row_x4_k96_int4_g32_minimum_ahead4096
// CHECK:         scf.for
// CHECK:           %[[SCALE:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:           %[[ZERO:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:           scf.for
// CHECK:             %[[BYTES:.*]] = llvm.load {{.*}} -> vector<16xi8>
// CHECK:             %[[INDICES:.*]] = arith.extui %[[BYTES]]
// CHECK:             %[[CODE:.*]] = llvm.call_intrinsic "llvm.x86.avx512.permvar.sf.512"(%{{.*}}, %[[INDICES]])
// CHECK:             %[[W:.*]] = math.fma %[[CODE]], %[[SCALE]], %[[ZERO]]
// CHECK:             math.fma %{{.*}}, %[[W]]
// AVX2-LABEL:  func.func private @matmul_row_x2_k96_int4_g32_minimum_ahead4096
// AVX2:          llvm.call_intrinsic "llvm.x86.ssse3.pshuf.b.128"
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @c : tensor<4x48x32xi8>
llm.param @s : tensor<4x3x32xf32>
func.func @f(%x: tensor<?x96xf32>) attributes {kernel.target = "cpu"} {
  %c = llm.get @c : tensor<4x48x32xi8>
  %s = llm.get @s : tensor<4x3x32xf32>
  %0 = kernel.matmul %x, %c scales(%s, %s : tensor<4x3x32xf32>, tensor<4x3x32xf32>) ways 1 {columns = 128, kernel = "groups", weight_scheme = #group}
      : tensor<?x96xf32>, tensor<4x48x32xi8> -> tensor<?x128xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}
