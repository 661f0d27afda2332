// RUN: qopt %s --require-kernels=targets=ptx -verify-diagnostics -split-input-file

#int8 = #q.scheme<storage = int8, granularity = group, block = [1, 8], zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @small_groups(%x: tensor<?x96xf32>, %s: tensor<?x12xf32>) -> tensor<?x96xf32> {
  // expected-error @below {{no ptx kernel quantizes activations in groups of 8: a multiple of 16 has one}}
  %c, %cs = q.quantize %x {scheme = #int8} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x12xf32>
  %0 = q.dequantize %c, %cs {scheme = #int8} : tensor<?x96xi8>, tensor<?x12xf32> -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}

// -----

#fp8 = #q.scheme<storage = fp8_e4m3, granularity = tensor, zero = symmetric, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @one_scale(%x: tensor<?x96xf32>) -> tensor<?x96xf32> {
  // expected-error @below {{no ptx kernel quantizes activations to fp8_e4m3 tensor, amax/448: by row or group, or with a given scale, has one}}
  %c, %cs = q.quantize %x {scheme = #fp8} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<1x1xf32>
  %0 = q.dequantize %c, %cs {scheme = #fp8} : tensor<?x96xi8>, tensor<1x1xf32> -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}

// -----

#row = #q.scheme<storage = fp8_e4m3, granularity = row, zero = symmetric, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#group = #q.scheme<storage = fp8_e4m3, granularity = group, block = [1, 24], zero = symmetric, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w : tensor<64x96xi8>
llm.param @s : tensor<64x4xf32>
func.func @odd_blocks(%c: tensor<?x96xi8>, %cs: tensor<?x1xf32>) -> tensor<?x64xf32> {
  %w = llm.get @w : tensor<64x96xi8>
  %s = llm.get @s : tensor<64x4xf32>
  // expected-error @below {{no ptx kernel multiplies activations by weights in blocks of 24: a multiple of 16 codes, 16 bytes of the weight, has one}}
  %0 = q.linear %c scaled %cs : tensor<?x1xf32>, %w scales(%s : tensor<64x4xf32>) {weight_scheme = #group, x_scheme = #row}
      : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

#x = #q.scheme<storage = fp8_e5m2, granularity = group, block = [1, 32], zero = symmetric, divisor = 57344.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#w = #q.scheme<storage = fp8_e5m2, granularity = group, block = [1, 48], zero = symmetric, divisor = 57344.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w : tensor<64x96xi8>
llm.param @s : tensor<64x2xf32>
func.func @blocks_apart(%c: tensor<?x96xi8>, %cs: tensor<?x3xf32>) -> tensor<?x64xf32> {
  %w = llm.get @w : tensor<64x96xi8>
  %s = llm.get @s : tensor<64x2xf32>
  // expected-error @below {{groups of 48 in the weight and 32 in its input do not nest: one size must be a multiple of the other}}
  %0 = q.linear %c scaled %cs : tensor<?x3xf32>, %w scales(%s : tensor<64x2xf32>) {weight_scheme = #w, x_scheme = #x}
      : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
