// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-epilogues))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-epilogues))' --remarks-filter='fuse.*' 2>&1 >/dev/null \
// RUN:   | FileCheck %s --check-prefix=REMARK

llm.param @w : tensor<2x64x32xbf16>
llm.param @b : tensor<2x32xbf16>
llm.param @gate_up : tensor<4x64x32xbf16>

// A bias that is there already and a residual.
// CHECK-LABEL: func.func @bias_residual
// CHECK-NOT:     kernel.map
// CHECK:         %[[Y:.*]] = kernel.matmul %arg0, %{{.*}} ways 1 extras(%{{.*}}, %arg1 : tensor<2x32xbf16>, tensor<?x64xf32>)
// CHECK-NEXT:    ^bb0(%[[ACC:.*]]: f32, %[[BIAS:.*]]: f32, %[[H:.*]]: f32):
// CHECK-NEXT:      %[[A:.*]] = arith.addf %[[ACC]], %[[BIAS]]
// CHECK-NEXT:      %[[R:.*]] = arith.addf %[[H]], %[[A]]
// CHECK-NEXT:      kernel.yield %[[R]]
// CHECK:         return %[[Y]]
func.func @bias_residual(%x: tensor<?x64xbf16>, %h: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  %b = llm.get @b : tensor<2x32xbf16>
  %y = kernel.matmul %x, %w ways 1 extras(%b : tensor<2x32xbf16>) {columns = 64} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32, %bias: f32):
    %0 = arith.addf %acc, %bias : f32
    kernel.yield %0 : f32
  }
  %s = kernel.map %h, %y {offsets = array<i64: 0, 0>} : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %a, %c : f32
    kernel.yield %0 : f32
  }
  return %s : tensor<?x64xf32>
}

// The halves of one product, one of them through an activation: one product again, whose result has the map's type.
// CHECK-LABEL: func.func @gated
// CHECK-NOT:     kernel.map
// CHECK:         kernel.matmul %arg0, %{{.*}} ways 2 {columns = 64 : i64} : tensor<?x64xbf16>, tensor<4x64x32xbf16> -> tensor<?x64xbf16>
// CHECK-NEXT:    ^bb0(%[[GATE:.*]]: f32, %[[UP:.*]]: f32):
// CHECK-NEXT:      %[[ACT:.*]] = math.tanh %[[GATE]]
// CHECK-NEXT:      %[[R:.*]] = arith.mulf %[[ACT]], %[[UP]]
// CHECK-NEXT:      kernel.yield %[[R]]
// CHECK-NOT:     kernel.matmul
func.func @gated(%x: tensor<?x64xbf16>) -> tensor<?x64xbf16> attributes {kernel.target = "ptx"} {
  %w = llm.get @gate_up : tensor<4x64x32xbf16>
  %g = kernel.matmul %x, %w ways 2 {columns = 64} : tensor<?x64xbf16>, tensor<4x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%gate: f32, %up: f32):
    kernel.yield %gate : f32
  }
  %u = kernel.matmul %x, %w ways 2 {columns = 64} : tensor<?x64xbf16>, tensor<4x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%gate: f32, %up: f32):
    kernel.yield %up : f32
  }
  %a = kernel.map %g {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%v: f32):
    %0 = math.tanh %v : f32
    kernel.yield %0 : f32
  }
  %m = kernel.map %a, %u {offsets = array<i64: 0, 0>} : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xbf16> {
  ^bb0(%v: f32, %c: f32):
    %0 = arith.mulf %v, %c : f32
    kernel.yield %0 : f32
  }
  return %m : tensor<?x64xbf16>
}

// Something else reads the product: it is stored, so the map stays.
// REMARK: Remark="the product has other uses than the map that reads it"
// CHECK-LABEL: func.func @shared
// CHECK:         %[[Y:.*]] = kernel.matmul
// CHECK:         %[[M:.*]] = kernel.map %[[Y]]
// CHECK:         return %[[Y]], %[[M]]
func.func @shared(%x: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  %y = kernel.matmul %x, %w ways 1 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %m = kernel.map %y {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%v: f32):
    %0 = math.tanh %v : f32
    kernel.yield %0 : f32
  }
  return %y, %m : tensor<?x64xf32>, tensor<?x64xf32>
}

// Slices cost nothing: maps read their source. Halves of a product with ways = 1 stay a map.
// REMARK: Remark="the map reads only some columns of what it would be fused with"
// CHECK-LABEL: func.func @slices
// CHECK:         %[[Y:.*]] = kernel.matmul
// CHECK:         kernel.map %[[Y]], %[[Y]] {offsets = array<i64: 0, 32>}
// CHECK-NEXT:    ^bb0(%[[A:.*]]: f32, %[[B:.*]]: f32):
// CHECK-NEXT:      arith.mulf %[[A]], %[[B]]
// CHECK-NOT:     kernel.map
func.func @slices(%x: tensor<?x64xf32>) -> tensor<?x32xf32> attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  %y = kernel.matmul %x, %w ways 1 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %a = kernel.map %y {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x32xf32> {
  ^bb0(%v: f32):
    kernel.yield %v : f32
  }
  %b = kernel.map %y {offsets = array<i64: 32>} : tensor<?x64xf32> -> tensor<?x32xf32> {
  ^bb0(%v: f32):
    kernel.yield %v : f32
  }
  %m = kernel.map %a, %b {offsets = array<i64: 0, 0>} : tensor<?x32xf32>, tensor<?x32xf32> -> tensor<?x32xf32> {
  ^bb0(%v: f32, %c: f32):
    %0 = arith.mulf %v, %c : f32
    kernel.yield %0 : f32
  }
  return %m : tensor<?x32xf32>
}

// A residual that comes after the product: the fused product is where all of it is there.
// CHECK-LABEL: func.func @late_residual
// CHECK:         %[[N:.*]] = kernel.norm
// CHECK:         kernel.matmul %arg0, %{{.*}} extras(%[[N]] : tensor<?x64xf32>)
func.func @late_residual(%x: tensor<?x64xf32>, %n: tensor<64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "cpu"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  %y = kernel.matmul %x, %w ways 1 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  %h = kernel.norm rms %x, %n {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %s = kernel.map %h, %y {offsets = array<i64: 0, 0>} : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %c: f32):
    %0 = arith.addf %a, %c : f32
    kernel.yield %0 : f32
  }
  return %s : tensor<?x64xf32>
}
