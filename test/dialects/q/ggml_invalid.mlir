// RUN: qopt %s -verify-diagnostics -split-input-file

#none = #q.scheme<storage = int8, granularity = group, block = [1, 64], zero = symmetric, divisor = 127.0 : f64,
                  range = [-128, 127], rounding = half_away, arithmetic = ggml, scale = f16,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @no_type(%w: tensor<64x128xf32>) {
  // expected-error @below {{has a scheme of none of ggml's types, whose arithmetic or scales it names}}
  %c, %s = q.quantize %w {scheme = #none} : tensor<64x128xf32> -> tensor<64x128xi8>, tensor<64x2xf32>
  return
}

// -----

#q8_0 = #q.scheme<storage = int8, granularity = group, block = [1, 32], zero = symmetric, divisor = 127.0 : f64,
                  range = [-128, 127], rounding = half_away, arithmetic = ggml, scale = f16,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @activation(%x: tensor<?x128xf32>) {
  // expected-error @below {{Q8_0 has blocks of 32 in the rows of a weight, not in 'tensor<?x128xf32>'}}
  %c, %s = q.quantize %x {scheme = #q8_0} : tensor<?x128xf32> -> tensor<?x128xi8>, tensor<?x4xf32>
  return
}

// -----

#q6_k = #q.scheme<storage = int8, granularity = group, block = [1, 16], zero = symmetric, divisor = 32.0 : f64,
                  range = [-32, 31], rounding = half_away, arithmetic = ggml, scale = f16_multiple,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @no_block(%w: tensor<64x128xf32>) {
  // expected-error @below {{Q6_K has blocks of 256 in the rows of a weight, not in 'tensor<64x128xf32>'}}
  %c, %s = q.quantize %w {scheme = #q6_k} : tensor<64x128xf32> -> tensor<64x128xi8>, tensor<64x8xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @not_denser(%s: tensor<64x1xf32>) {
  // expected-error @below {{'tensor<64x1xf32>' has no denser form under its scheme}}
  %0 = q.compact %s {scheme = #row} : tensor<64x1xf32> -> tensor<64x1xf16>
  return
}

// -----

#q6_k = #q.scheme<storage = int8, granularity = group, block = [1, 16], zero = symmetric, divisor = 32.0 : f64,
                  range = [-32, 31], rounding = half_away, arithmetic = ggml, scale = f16_multiple,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @wrong_size(%c: tensor<64x256xi8>) {
  // expected-error @below {{result is 'tensor<64x256xi8>'; 'tensor<64x192xi8>' would fit}}
  %0 = q.compact %c {scheme = #q6_k} : tensor<64x256xi8> -> tensor<64x256xi8>
  return
}
