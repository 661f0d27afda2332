// RUN: qopt %s | qopt | FileCheck %s

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// CHECK-LABEL: func.func @weights
func.func @weights(%x: tensor<?x96xf32>, %c: tensor<64x96xi4>, %s: tensor<64x3xf32>, %z: tensor<64x3xf32>,
                   %b: tensor<64xbf16>) -> tensor<?x64xf32> {
  // CHECK: q.linear %{{.*}}, %{{.*}} scales(%{{.*}}, %{{.*}} : tensor<64x3xf32>, tensor<64x3xf32>) bias(%{{.*}} : tensor<64xbf16>) {weight_scheme = #{{.*}}} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  %0 = q.linear %x, %c scales(%s, %z : tensor<64x3xf32>, tensor<64x3xf32>) bias(%b : tensor<64xbf16>)
      {weight_scheme = #group} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// Two codes of 4 bits in a byte; scales in panels as codes are.
// CHECK-LABEL: func.func @packed
func.func @packed(%x: tensor<1x96xf32>, %c: tensor<3x48x32xi8>, %s: tensor<3x3x32xf32>) -> tensor<1x68xf32> {
  // CHECK: q.linear %{{.*}}, %{{.*}} scales(%{{.*}}, %{{.*}} : tensor<3x3x32xf32>, tensor<3x3x32xf32>) {weight_scheme = #{{.*}}} : tensor<1x96xf32>, tensor<3x48x32xi8> -> tensor<1x68xf32>
  %0 = q.linear %x, %c scales(%s, %s : tensor<3x3x32xf32>, tensor<3x3x32xf32>) {weight_scheme = #group}
      : tensor<1x96xf32>, tensor<3x48x32xi8> -> tensor<1x68xf32>
  return %0 : tensor<1x68xf32>
}

// CHECK-LABEL: func.func @activations
func.func @activations(%x: tensor<?x96xi8>, %xs: tensor<?x1xf32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) -> tensor<?x64xf32> {
  // CHECK: q.linear %{{.*}} scaled %{{.*}} : tensor<?x1xf32>, %{{.*}} scales(%{{.*}} : tensor<64x1xf32>) {weight_scheme = #[[S:.*]], x_scheme = #[[S]]}
  %0 = q.linear %x scaled %xs : tensor<?x1xf32>, %c scales(%s : tensor<64x1xf32>)
      {weight_scheme = #row, x_scheme = #row} : tensor<?x96xi8>, tensor<64x96xi8> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @table
func.func @table(%ids: tensor<?xi32>, %c: tensor<64x96xi8>, %s: tensor<64x1xf32>) -> tensor<?x96xf32> {
  // CHECK: q.embedding %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<64x1xf32>) {scheme = #{{.*}}} : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x96xf32>
  %0 = q.embedding %ids, %c scales(%s : tensor<64x1xf32>) {scheme = #row}
      : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}
