// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-residual-norm))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-residual-norm))' --remarks-filter='fuse.*' 2>&1 >/dev/null \
// RUN:   | FileCheck %s --check-prefix=REMARK

// The sum is a result of the norm, for whoever else reads it.
// CHECK-LABEL: func.func @fused
// CHECK-NOT:     kernel.map
// CHECK:         %[[N:.*]], %[[S:.*]] = kernel.norm rms %arg0 plus %arg1 : tensor<?x64xf32>, %arg2 {eps = 1.000000e-05 : f64}
// CHECK-SAME:      : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xbf16>, tensor<?x64xf32>
// CHECK:         return %[[N]], %[[S]]
func.func @fused(%x: tensor<?x64xf32>, %h: tensor<?x64xf32>, %w: tensor<64xf32>) -> (tensor<?x64xbf16>, tensor<?x64xf32>)
    attributes {kernel.target = "ptx"} {
  %s = kernel.map %x, %h {offsets = array<i64: 0, 0>} : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %b, %a : f32
    kernel.yield %0 : f32
  }
  %n = kernel.norm rms %s, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xbf16>
  return %n, %s : tensor<?x64xbf16>, tensor<?x64xf32>
}

// REMARK: Remark="the sum is read before it is normalized"
// CHECK-LABEL: func.func @read_before
// CHECK:         kernel.map
// CHECK:         kernel.norm rms %{{[^ ]*}}, %arg2
func.func @read_before(%x: tensor<?x64xf32>, %h: tensor<?x64xf32>, %w: tensor<64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
    attributes {kernel.target = "cpu"} {
  %s = kernel.map %x, %h {offsets = array<i64: 0, 0>} : tensor<?x64xf32>, tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    kernel.yield %0 : f32
  }
  %t = kernel.map %s {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    %0 = math.tanh %a : f32
    kernel.yield %0 : f32
  }
  %n = kernel.norm rms %s, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return %n, %t : tensor<?x64xf32>, tensor<?x64xf32>
}

// Columns of a wider activation are no residual stream.
// CHECK-LABEL: func.func @slice_added
// CHECK:         kernel.map
// CHECK:         kernel.norm rms %{{[^ ]*}}, %arg2
func.func @slice_added(%x: tensor<?x128xf32>, %h: tensor<?x64xf32>, %w: tensor<64xf32>) -> tensor<?x64xf32>
    attributes {kernel.target = "cpu"} {
  %s = kernel.map %x, %h {offsets = array<i64: 64, 0>} : tensor<?x128xf32>, tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    kernel.yield %0 : f32
  }
  %n = kernel.norm rms %s, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return %n : tensor<?x64xf32>
}
