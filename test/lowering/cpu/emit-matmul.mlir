// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels --split-input-file | FileCheck %s
// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels=level=avx2 --split-input-file | FileCheck %s --check-prefix=AVX2

// One row: panels are streams read side by side, each requested ahead; one fused multiply-add for
// each k and vector, weights widened in registers; the epilogue on the sums.
// CHECK:       module @cpu.avx512
// CHECK-LABEL: func.func @decode
// CHECK-SAME:  (%[[ARGS:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64, %[[SCRATCH:.*]]: !llvm.ptr)
// CHECK:         %[[X:.*]] = llvm.load %[[ARGS]] {{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK:         scf.for %[[ITEM:.*]] = %[[BEGIN]] to %[[END]]
// CHECK:           call @matmul_row_x4_k64_bf16_ahead4096(%[[X]], %[[SCRATCH]], %{{.*}})
// CHECK:           %[[SUM:.*]] = llvm.load %{{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK:           %[[RESIDUAL:.*]] = llvm.load %{{.*}} : !llvm.ptr -> vector<16xf32>
// CHECK:           %[[RESULT:.*]] = arith.addf %[[SUM]], %[[RESIDUAL]] : vector<16xf32>
// CHECK:           llvm.store %[[RESULT]]
// CHECK-LABEL: func.func private @matmul_row_x4_k64_bf16_ahead4096
// CHECK:         scf.for {{.*}} iter_args
// CHECK:           llvm.intr.prefetch
// CHECK:           %[[FACTOR:.*]] = vector.broadcast %{{.*}} : f32 to vector<16xf32>
// CHECK:           %[[BITS:.*]] = llvm.load %{{.*}} : !llvm.ptr -> vector<16xi16>
// CHECK:           %[[WIDE:.*]] = arith.extui %[[BITS]] : vector<16xi16> to vector<16xi32>
// CHECK:           %[[SHIFTED:.*]] = arith.shli %[[WIDE]]
// CHECK:           %[[WEIGHT:.*]] = arith.bitcast %[[SHIFTED]] : vector<16xi32> to vector<16xf32>
// CHECK:           math.fma %[[FACTOR]], %[[WEIGHT]]
// AVX2:        module @cpu.avx2
// AVX2-LABEL:  func.func @decode
// AVX2:          call @matmul_row_x2_k64_bf16
llm.param @w : tensor<4x64x32xbf16>
func.func @f(%x: tensor<1x64xf32>, %r: tensor<1x128xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<4x64x32xbf16>
  %0 = kernel.matmul %x, %w ways 1 extras(%r : tensor<1x128xf32>) {columns = 128, kernel = "decode"}
      : tensor<1x64xf32>, tensor<4x64x32xbf16> -> tensor<1x128xf32> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    kernel.yield %1 : f32
  }
  return
}

// -----

// Many rows: one row, few and many rows have paths of their own. Tiles of 12 rows and what remains
// are shared by products of the same k; gate and up lie in one panel.
// CHECK-LABEL: func.func @prefill
// CHECK:         scf.if
// CHECK:           func.call @matmul_row_x4_k64_bf16
// CHECK:         else
// CHECK:           func.call @matmul_tile_12x128_k64_cached
// CHECK:           func.call @matmul_tile_8x128_k64_cached
// CHECK:           func.call @matmul_tile_1x128_k64_cached
// CHECK:           func.call @matmul_tile_12x128_k64_bf16_ahead4096
// CHECK:         %[[GATE:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:         %[[UP:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:         %[[PRODUCT:.*]] = arith.mulf %[[GATE]], %[[UP]]
// CHECK:         llvm.store %[[PRODUCT]]
// CHECK-LABEL: func.func private @matmul_tile_12x128_k64_cached
// CHECK-NOT:     prefetch
// CHECK-COUNT-24: math.fma
// CHECK-LABEL: func.func private @matmul_tile_12x128_k64_bf16_ahead4096
// CHECK:         prefetch
// AVX2-LABEL:  func.func @prefill
// AVX2:          func.call @matmul_tile_6x128_k64_cached
llm.param @w : tensor<4x64x32xbf16>
func.func @f(%x: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<4x64x32xbf16>
  %0 = kernel.matmul %x, %w ways 2 {columns = 64, kernel = "prefill"}
      : tensor<?x64xf32>, tensor<4x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%gate: f32, %up: f32):
    %1 = arith.mulf %gate, %up : f32
    kernel.yield %1 : f32
  }
  return
}
