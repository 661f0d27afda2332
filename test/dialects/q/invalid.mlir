// RUN: qopt %s -verify-diagnostics -split-input-file

#group = #q.scheme<storage = int8, granularity = group, block = [1, 128], zero = symmetric,
                   divisor = 127.0 : f64, range = [-127, 127], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @group_does_not_divide(%w: tensor<64x96xf32>) {
  // expected-error @below {{block of 128 columns does not divide 96}}
  %c, %s = q.quantize %w {scheme = #group} : tensor<64x96xf32> -> tensor<64x96xi8>, tensor<64x0xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scale_shape(%w: tensor<64x96xf32>) {
  // expected-error @below {{scales of 'tensor<64x96xf32>' must be 'tensor<64x1xf32>', not 'tensor<1x1xf32>'}}
  %c, %s = q.quantize %w {scheme = #row} : tensor<64x96xf32> -> tensor<64x96xi8>, tensor<1x1xf32>
  return
}

// -----

#row = #q.scheme<storage = int4, granularity = row, zero = symmetric, divisor = 7.0 : f64,
                 range = [-7, 7], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @code_type(%w: tensor<64x96xf32>) {
  // expected-error @below {{int4 is stored as 'i4', not 'i8'}}
  %c, %s = q.quantize %w {scheme = #row} : tensor<64x96xf32> -> tensor<64x96xi8>, tensor<64x1xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = minimum, divisor = 255.0 : f64,
                 range = [0, 255], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @zeros_missing(%c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{needs 2 parameter tensors (scales and zeros) for its scheme, has 1}}
  %w = q.dequantize %c, %s {scheme = #row} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  return
}

// -----

// expected-error @below {{fp8_e4m3 has a sign and no zero point; zero must be symmetric}}
#fp8 = #q.scheme<storage = fp8_e4m3, granularity = row, zero = minimum, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func private @fp8() attributes {a = #fp8}

// -----

// expected-error @below {{granularity group needs block = [rows, columns]}}
#nogroup = #q.scheme<storage = int8, granularity = group, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func private @nogroup() attributes {a = #nogroup}

// -----

// expected-error @below {{range [-127, 127] does not fit int4}}
#range = #q.scheme<storage = int4, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func private @range() attributes {a = #range}
