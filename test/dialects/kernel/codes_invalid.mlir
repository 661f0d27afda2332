// RUN: qopt %s -verify-diagnostics -split-input-file

#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @granularity(%x: tensor<?x96xf32>, %c: tensor<2x96x32xi8>, %s: tensor<1x1xf32>) {
  // expected-error @below {{codes have scales by row or group; a scheme by tensor with 1 parameter tensors does not fit 1}}
  %0 = kernel.matmul %x, %c scales(%s : tensor<1x1xf32>) ways 1 {columns = 64, weight_scheme = #tensor} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @codes(%x: tensor<?x96xf32>, %c: tensor<2x48x32xi8>, %s: tensor<2x1x32xf32>) {
  // expected-error @below {{codes of 96 columns must be 'tensor<2x96x32xi8>', not 'tensor<2x48x32xi8>'}}
  %0 = kernel.matmul %x, %c scales(%s : tensor<2x1x32xf32>) ways 1 {columns = 64, weight_scheme = #row} : tensor<?x96xf32>, tensor<2x48x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @scales(%x: tensor<?x96xf32>, %c: tensor<2x96x32xi8>, %s: tensor<2x3x32xf32>) {
  // expected-error @below {{scales must be 'tensor<2x1x32xf32>', not 'tensor<2x3x32xf32>'}}
  %0 = kernel.matmul %x, %c scales(%s : tensor<2x3x32xf32>) ways 1 {columns = 64, weight_scheme = #row} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @zeros(%x: tensor<?x96xf32>, %c: tensor<2x96x32xi8>, %s: tensor<2x1x32xf32>) {
  // expected-error @below {{codes have scales by row or group; a scheme by row with 1 parameter tensors does not fit 2}}
  %0 = kernel.matmul %x, %c scales(%s, %s : tensor<2x1x32xf32>, tensor<2x1x32xf32>) ways 1 {columns = 64, weight_scheme = #row} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @scheme(%x: tensor<?x96xf32>, %c: tensor<2x96x32xbf16>, %s: tensor<2x1x32xf32>) {
  // expected-error @below {{has weight scales, but no weight_scheme}}
  %0 = kernel.matmul %x, %c scales(%s : tensor<2x1x32xf32>) ways 1 {columns = 64} : tensor<?x96xf32>, tensor<2x96x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @x_scales(%x: tensor<?x96xi8>, %c: tensor<2x96x32xi8>, %s: tensor<2x1x32xf32>) {
  // expected-error @below {{x is f32 or bf16 alone, or 8-bit codes with scales and x_scheme}}
  %0 = kernel.matmul %x, %c scales(%s : tensor<2x1x32xf32>) ways 1 {columns = 64, weight_scheme = #row} : tensor<?x96xi8>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
func.func @table(%c: tensor<64x96xi8>, %s: tensor<64x1xf32>, %ids: tensor<?xi32>) {
  // expected-error @below {{a table of codes must be packed panels, not 'tensor<64x96xi8>'}}
  %0 = kernel.gather %c scales(%s : tensor<64x1xf32>) at %ids {table_scheme = #row} : tensor<64x96xi8>, tensor<?xi32> -> tensor<?x96xf32>
  return
}
