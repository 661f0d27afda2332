// RUN: qopt %s -verify-diagnostics -split-input-file

#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @granularity(%x: tensor<?x96xf32>, %c: tensor<64x96xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{weight must have scales by row or group, not a scheme by tensor of int8}}
  %0 = q.linear %x, %c scales(%s : tensor<1x1xf32>) {weight_scheme = #tensor} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}

// -----

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @group_does_not_divide(%x: tensor<?x80xf32>, %c: tensor<64x80xi4>, %s: tensor<64x3xf32>) {
  // expected-error @below {{groups of 32 do not divide 80 columns of the weight}}
  %0 = q.linear %x, %c scales(%s, %s : tensor<64x3xf32>, tensor<64x3xf32>) {weight_scheme = #group} : tensor<?x80xf32>, tensor<64x80xi4> -> tensor<?x64xf32>
  return
}

// -----

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @zeros_missing(%x: tensor<?x96xf32>, %c: tensor<64x96xi4>, %s: tensor<64x3xf32>) {
  // expected-error @below {{weight needs 2 parameter tensors (scales and zeros) for its scheme, has 1}}
  %0 = q.linear %x, %c scales(%s : tensor<64x3xf32>) {weight_scheme = #group} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @code_type(%x: tensor<?x96xf32>, %c: tensor<64x96xi4>, %s: tensor<64x1xf32>) {
  // expected-error @below {{codes of the weight are 'tensor<64x96xi4>'; 'tensor<64x96xi8>' would fit}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scale_shape(%x: tensor<?x96xf32>, %c: tensor<2x96x32xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{scales of the weight are 'tensor<64x1xf32>'; 'tensor<2x1x32xf32>' would fit}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scales_of_x_missing(%x: tensor<?x96xi8>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{x is f32 alone, or 8-bit codes with scales and x_scheme}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @shape_of_x_scales(%x: tensor<?x96xi8>, %xs: tensor<1x1xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{scales of x are 'tensor<1x1xf32>'; 'tensor<?x1xf32>' would fit}}
  %0 = q.linear %x scaled %xs : tensor<1x1xf32>, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row, x_scheme = #row} : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @rows(%x: tensor<?x96xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{result 'tensor<1x64xf32>' must have the rows of 'tensor<?x96xf32>'}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<1x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @ways(%x: tensor<?x96xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{has 2 ways; 1, and 2 for an even number of columns in panels, are known}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row, ways = 2} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @bias(%x: tensor<?x96xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>, %b: tensor<96xf32>) {
  // expected-error @below {{bias 'tensor<96xf32>' does not fit 64 columns; 'tensor<64xf32>' would}}
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) bias(%b : tensor<96xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @table(%ids: tensor<?xi32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{codes of the table are 'tensor<64x96xi8>'; 'tensor<64x80xi8>' would fit}}
  %0 = q.embedding %ids, %c scales(%s : tensor<64x1xf32>) {scheme = #row} : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x80xf32>
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#fp8 = #q.scheme<storage = fp8_e4m3, granularity = row, zero = symmetric, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @kinds_of_codes(%x: tensor<?x96xi8>, %xs: tensor<?x1xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) {
  // expected-error @below {{has no products of fp8_e4m3 codes with int8 codes; symmetric int8 with int8 or int4, and fp8 with fp8, have}}
  %0 = q.linear %x scaled %xs : tensor<?x1xf32>, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row, x_scheme = #fp8} : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return
}
