// Codes that are computed where they are used are no parameters: such linears stay as they are.
// RUN: qopt %s --form-quantized-linears | FileCheck %s

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
// CHECK-LABEL: func.func @computed
// CHECK:         q.dequantize
// CHECK:         llm.linear
// CHECK-NOT:     q.linear
func.func @computed(%x: tensor<?x96xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) -> tensor<?x64xf32> {
  %w = q.dequantize %c, %s {scheme = #row} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  %0 = llm.linear %x, %w : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
