// RUN: qopt %s --require-kernels=targets=cpu -verify-diagnostics -split-input-file

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi8>
llm.param @w.scales : tensor<64x1xf32>
func.func @codes(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %0 = llm.get @w.codes : tensor<64x96xi8>
  %1 = llm.get @w.scales : tensor<64x1xf32>
  // expected-error @below {{no kernel reads int8 row, amax/127, half_even codes here; mode=fake stores dequantized values, --allow-dequantized-fallback where it must}}
  %2 = q.dequantize %0, %1 {scheme = #row} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  %3 = llm.linear %x, %2 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  return %3 : tensor<?x64xf32>
}

// -----

#odd = #q.scheme<storage = int4, granularity = group, block = [1, 3], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi4>
llm.param @w.scales : tensor<64x32xf32>
func.func @odd_groups(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %c = llm.get @w.codes : tensor<64x96xi4>
  %s = llm.get @w.scales : tensor<64x32xf32>
  // expected-error @below {{no cpu kernel reads 4-bit codes in groups of 3: two share a byte, so an even group has one}}
  %0 = q.linear %x, %c scales(%s, %s : tensor<64x32xf32>, tensor<64x32xf32>) {weight_scheme = #odd} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @t.codes : tensor<64x96xi8>
llm.param @t.scales : tensor<64x1xf32>
func.func @positions(%batch: !llm.batch) -> tensor<?x96xf32> {
  %c = llm.get @t.codes : tensor<64x96xi8>
  %s = llm.get @t.scales : tensor<64x1xf32>
  %p = llm.positions %batch : tensor<?xi32>
  // expected-error @below {{no cpu kernel gathers int8 row, amax/127, half_even rows by position}}
  %0 = q.embedding %p, %c scales(%s : tensor<64x1xf32>) {scheme = #row} : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}
