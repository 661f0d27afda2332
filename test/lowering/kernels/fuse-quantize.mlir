// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-quantize))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-quantize))' --remarks-filter='fuse.*' 2>&1 >/dev/null \
// RUN:   | FileCheck %s --check-prefix=REMARK

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#tensor = #q.scheme<storage = int8, granularity = tensor, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @scale : tensor<1x1xf32>

// The sum stays a result of the norm; codes take the place of the normalized rows.
// CHECK-LABEL: func.func @norm
// CHECK-NOT:     kernel.quantize
// CHECK:         %[[C:.*]], %[[SUM:.*]], %[[S:.*]] = kernel.norm rms %arg0 plus %arg1 : tensor<?x64xf32>, %arg2
// CHECK-SAME:      result_scheme = #int8_row
// CHECK-SAME:      -> tensor<?x64xi8>, tensor<?x64xf32> scaled tensor<?x1xf32>
// CHECK-NEXT:    return %[[C]], %[[S]], %[[SUM]]
func.func @norm(%x: tensor<?x64xf32>, %h: tensor<?x64xf32>, %w: tensor<64xf32>)
    -> (tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %n, %sum = kernel.norm rms %x plus %h : tensor<?x64xf32>, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32>
      -> tensor<?x64xf32>, tensor<?x64xf32>
  %c, %s = kernel.quantize %n {offsets = array<i64: 0>, scheme = #row} : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?x1xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return %c, %s, %sum : tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x64xf32>
}

// A given scale is read before the norm.
// CHECK-LABEL: func.func @given
// CHECK:         %[[SCALE:.*]] = llm.get @scale
// CHECK-NEXT:    kernel.norm rms %arg0, %arg1 by %[[SCALE]] : tensor<1x1xf32>
// CHECK-SAME:      -> tensor<?x64xi8>{{$}}
func.func @given(%x: tensor<?x64xf32>, %w: tensor<64xf32>) -> tensor<?x64xi8> attributes {kernel.target = "cpu"} {
  %n = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %scale = llm.get @scale : tensor<1x1xf32>
  %c = kernel.quantize %n by %scale : tensor<1x1xf32> {offsets = array<i64: 0>, scheme = #tensor} : tensor<?x64xf32> -> tensor<?x64xi8> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return %c : tensor<?x64xi8>
}

// The region of a gated activation computes what is quantized.
// CHECK-LABEL: func.func @map
// CHECK-NOT:     kernel.map
// CHECK:         kernel.quantize %arg0, %arg0 {offsets = array<i64: 0, 64>, scheme = #int8_row}
// CHECK:         arith.mulf
func.func @map(%x: tensor<?x128xf32>) -> (tensor<?x64xi8>, tensor<?x1xf32>) attributes {kernel.target = "cpu"} {
  %m = kernel.map %x, %x {offsets = array<i64: 0, 64>} : tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %b : f32
    kernel.yield %0 : f32
  }
  %c, %s = kernel.quantize %m {offsets = array<i64: 0>, scheme = #row} : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?x1xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return %c, %s : tensor<?x64xi8>, tensor<?x1xf32>
}

// REMARK: Remark="what is quantized has other readers, too"
// CHECK-LABEL: func.func @shared
// CHECK:         kernel.norm rms %arg0, %arg1 {eps = 1.000000e-05 : f64}
// CHECK:         kernel.quantize
func.func @shared(%x: tensor<?x64xf32>, %w: tensor<64xf32>)
    -> (tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %n = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %c, %s = kernel.quantize %n {offsets = array<i64: 0>, scheme = #row} : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<?x1xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return %c, %s, %n : tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x64xf32>
}

// REMARK: Remark="the scale of all rows is not known while the first is normalized"
// CHECK-LABEL: func.func @together
// CHECK:         kernel.norm rms %arg0, %arg1 {eps = 1.000000e-05 : f64}
// CHECK:         kernel.quantize
func.func @together(%x: tensor<?x64xf32>, %w: tensor<64xf32>) -> (tensor<?x64xi8>, tensor<1x1xf32>) attributes {kernel.target = "cpu"} {
  %n = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %c, %s = kernel.quantize %n {offsets = array<i64: 0>, scheme = #tensor} : tensor<?x64xf32> -> tensor<?x64xi8>, tensor<1x1xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return %c, %s : tensor<?x64xi8>, tensor<1x1xf32>
}
