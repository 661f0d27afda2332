// RUN: qopt %s -verify-diagnostics -split-input-file

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @row(%x: tensor<?x96xf32>, %scale: tensor<1x1xf32>) {
  // expected-error @below {{a given scale needs a symmetric scheme by tensor}}
  %0 = q.quantize %x by %scale : tensor<1x1xf32> {scheme = #row} : tensor<?x96xf32> -> tensor<?x96xi8>
  return
}

// -----

#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @both(%x: tensor<?x96xf32>, %scale: tensor<1x1xf32>) {
  // expected-error @below {{a scale is given or computed, not both}}
  %0, %1 = q.quantize %x by %scale : tensor<1x1xf32> {scheme = #tensor} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<1x1xf32>
  return
}

// -----

#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @shape(%x: tensor<?x96xf32>, %scale: tensor<1x96xf32>) {
  // expected-error @below {{must be 'tensor<1x1xf32>', not 'tensor<1x96xf32>'}}
  %0 = q.quantize %x by %scale : tensor<1x96xf32> {scheme = #tensor} : tensor<?x96xf32> -> tensor<?x96xi8>
  return
}
