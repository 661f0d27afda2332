// RUN: qopt %s --require-kernels -verify-diagnostics

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi8>
llm.param @w.scales : tensor<64x1xf32>
func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %0 = llm.get @w.codes : tensor<64x96xi8>
  %1 = llm.get @w.scales : tensor<64x1xf32>
  // expected-error @below {{no kernel reads int8 row, amax/127, half_even codes here; mode=fake stores dequantized values, --allow-dequantized-fallback where it must}}
  %2 = q.dequantize %0, %1 {scheme = #row} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  %3 = llm.linear %x, %2 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  return %3 : tensor<?x64xf32>
}
