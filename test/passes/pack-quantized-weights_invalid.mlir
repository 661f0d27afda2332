// What is left alone, and why.
// RUN: qopt %s -verify-diagnostics --pack-weights | FileCheck %s
// CHECK-NOT: llm.pack

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi8>
llm.param @w.scales : tensor<64x1xf32>
func.func @other_reader(%x: tensor<?x96xf32>) -> (tensor<?x64xf32>, tensor<64x96xf32>) {
  %c = llm.get @w.codes : tensor<64x96xi8>
  %s = llm.get @w.scales : tensor<64x1xf32>
  // expected-remark @below {{not packed: w.codes is read by q.dequantize, too}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  %1 = q.dequantize %c, %s {scheme = #row} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  return %0, %1 : tensor<?x64xf32>, tensor<64x96xf32>
}
