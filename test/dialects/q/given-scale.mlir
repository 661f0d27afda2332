// RUN: qopt %s | qopt | FileCheck %s

#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// CHECK-LABEL: func.func @given
func.func @given(%x: tensor<?x96xf32>, %scale: tensor<1x1xf32>) -> tensor<?x96xi8> {
  // CHECK: q.quantize %arg0 by %arg1 : tensor<1x1xf32> {scheme = #int8_tensor} : tensor<?x96xf32> -> tensor<?x96xi8>
  %0 = q.quantize %x by %scale : tensor<1x1xf32> {scheme = #tensor} : tensor<?x96xf32> -> tensor<?x96xi8>
  return %0 : tensor<?x96xi8>
}
