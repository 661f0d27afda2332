// RUN: qopt %s | qopt | FileCheck %s

// CHECK-DAG: #[[ROW:.*]] = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 1.270000e+02 : f64
#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
// CHECK-DAG: #[[GROUP:.*]] = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// CHECK-LABEL: func.func @weights
func.func @weights(%w: tensor<512x256xbf16>) -> tensor<512x256xf32> {
  // CHECK: %[[C:.*]], %[[S:.*]] = q.quantize %{{.*}} {scheme = #[[ROW]]} : tensor<512x256xbf16> -> tensor<512x256xi8>, tensor<512x1xf32>
  %codes, %scales = q.quantize %w {scheme = #row}
      : tensor<512x256xbf16> -> tensor<512x256xi8>, tensor<512x1xf32>
  // CHECK: q.dequantize %[[C]], %[[S]] {scheme = #[[ROW]]}
  %0 = q.dequantize %codes, %scales {scheme = #row}
      : tensor<512x256xi8>, tensor<512x1xf32> -> tensor<512x256xf32>
  return %0 : tensor<512x256xf32>
}

// CHECK-LABEL: func.func @activations
func.func @activations(%x: tensor<?x256xf32>) -> (tensor<?x256xi8>, tensor<?x1xf32>) {
  // CHECK: q.observe %{{.*}} for ["model.layers.0.self_attn.q_proj.weight"] : tensor<?x256xf32>
  q.observe %x for ["model.layers.0.self_attn.q_proj.weight"] : tensor<?x256xf32>
  // CHECK: q.quantize
  %codes, %scales = q.quantize %x {scheme = #row}
      : tensor<?x256xf32> -> tensor<?x256xi8>, tensor<?x1xf32>
  return %codes, %scales : tensor<?x256xi8>, tensor<?x1xf32>
}

// CHECK-LABEL: func.func @groups
func.func @groups(%w: tensor<64x96xf32>) -> (tensor<64x96xi4>, tensor<64x3xf32>, tensor<64x3xf32>) {
  // CHECK: q.quantize %{{.*}} {scheme = #[[GROUP]]}
  %codes, %scales, %zeros = q.quantize %w {scheme = #group}
      : tensor<64x96xf32> -> tensor<64x96xi4>, tensor<64x3xf32>, tensor<64x3xf32>
  return %codes, %scales, %zeros : tensor<64x96xi4>, tensor<64x3xf32>, tensor<64x3xf32>
}
