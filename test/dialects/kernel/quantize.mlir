// RUN: qopt %s | qopt | FileCheck %s
// RUN: qopt %s --mlir-print-op-generic | qopt | FileCheck %s

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// CHECK-LABEL: func.func @quantize
func.func @quantize(%x: tensor<?x96xf32>, %scale: tensor<1x1xf32>) {
  // CHECK: kernel.quantize %arg0, %arg0 {offsets = array<i64: 0, 48>, scheme = #int8_row} : tensor<?x96xf32>, tensor<?x96xf32> -> tensor<?x48xi8>, tensor<?x1xf32> {
  %0:2 = kernel.quantize %x, %x {offsets = array<i64: 0, 48>, scheme = #row} : tensor<?x96xf32>, tensor<?x96xf32> -> tensor<?x48xi8>, tensor<?x1xf32> {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.mulf %a, %b : f32
    kernel.yield %1 : f32
  }
  // CHECK: kernel.quantize %arg0 by %arg1 : tensor<1x1xf32> {{.*}} : tensor<?x96xf32> -> tensor<?x96xi8> {
  %2 = kernel.quantize %x by %scale : tensor<1x1xf32> {offsets = array<i64: 0>, scheme = #tensor} : tensor<?x96xf32> -> tensor<?x96xi8> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  // CHECK: kernel.quantize %arg0 {{.*}} : tensor<?x96xf32> -> tensor<?x96xf32> {
  %3 = kernel.quantize %x {offsets = array<i64: 0>, scheme = #row} : tensor<?x96xf32> -> tensor<?x96xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// CHECK-LABEL: func.func @norm
func.func @norm(%x: tensor<?x96xf32>, %w: tensor<96xf32>, %scale: tensor<1x1xf32>) {
  // CHECK: kernel.norm rms %arg0, %arg1 {eps = {{.*}}, result_scheme = #int8_row} : tensor<?x96xf32>, tensor<96xf32> -> tensor<?x96xi8> scaled tensor<?x1xf32>
  %0:2 = kernel.norm rms %x, %w {eps = 1.0e-5, result_scheme = #row} : tensor<?x96xf32>, tensor<96xf32> -> tensor<?x96xi8> scaled tensor<?x1xf32>
  // CHECK: kernel.norm rms %arg0, %arg1 by %arg2 : tensor<1x1xf32> {{.*}} -> tensor<?x96xi8>
  %1 = kernel.norm rms %x, %w by %scale : tensor<1x1xf32> {eps = 1.0e-5, result_scheme = #tensor} : tensor<?x96xf32>, tensor<96xf32> -> tensor<?x96xi8>
  return
}
