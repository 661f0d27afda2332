// RUN: qopt %s -verify-diagnostics -split-input-file

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scales_missing(%x: tensor<?x96xf32>) {
  // expected-error @below {{codes come with scales unless their scale is given, values without}}
  %0 = kernel.quantize %x {offsets = array<i64: 0>, scheme = #row} : tensor<?x96xf32> -> tensor<?x96xi8> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scale_shape(%x: tensor<?x96xf32>) {
  // expected-error @below {{scales 'tensor<?x3xf32>' of 'tensor<?x96xi8>' must be 'tensor<?x1xf32>'}}
  %0:2 = kernel.quantize %x {offsets = array<i64: 0>, scheme = #row} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x3xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @given_row(%x: tensor<?x96xf32>, %s: tensor<1x1xf32>) {
  // expected-error @below {{a given scale is that of a tensor}}
  %0 = kernel.quantize %x by %s : tensor<1x1xf32> {offsets = array<i64: 0>, scheme = #row} : tensor<?x96xf32> -> tensor<?x96xi8> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#group = #q.scheme<storage = int8, granularity = group, block = [1, 64], zero = symmetric, divisor = 127.0 : f64,
                   range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                   min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @groups(%x: tensor<?x96xf32>) {
  // expected-error @below {{groups of 64 do not divide 96 columns}}
  %0:2 = kernel.quantize %x {offsets = array<i64: 0>, scheme = #group} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @codes_of_nothing(%x: tensor<?x96xf32>, %w: tensor<96xf32>) {
  // expected-error @below {{codes and scales belong to a result_scheme}}
  %0 = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x96xf32>, tensor<96xf32> -> tensor<?x96xi8>
  return
}
