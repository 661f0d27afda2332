// RUN: qopt %s --lower-math-to-ptx | FileCheck %s

// CHECK-LABEL: func.func @exp
// CHECK-SAME:    %[[X:.*]]: f32
// CHECK:         %[[LOG2E:.*]] = arith.constant 1.44269502 : f32
// CHECK:         %[[Y:.*]] = arith.mulf %[[X]], %[[LOG2E]]
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"(%[[Y]]) : (f32) -> f32
func.func @exp(%x: f32) -> f32 {
  %0 = math.exp %x : f32
  return %0 : f32
}

// 1 - 2 / (exp(2 |x|) + 1), with the sign of x.
// CHECK-LABEL: func.func @tanh
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"
// CHECK:         llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
// CHECK:         llvm.intr.fma
// CHECK:         arith.ori
// CHECK-NOT:     math.tanh
func.func @tanh(%x: f32) -> f32 {
  %0 = math.tanh %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @erf
// CHECK:         llvm.call_intrinsic "llvm.nvvm.rcp.approx.ftz.f"
// CHECK-COUNT-4: llvm.intr.fma
// CHECK:         llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"
// CHECK-NOT:     math.erf
func.func @erf(%x: f32) -> f32 {
  %0 = math.erf %x : f32
  return %0 : f32
}

// CHECK-LABEL: func.func @rest
// CHECK:         llvm.nvvm.ex2.approx.ftz
// CHECK:         llvm.nvvm.rsqrt.approx.ftz.f
// CHECK:         llvm.intr.fma
// CHECK:         llvm.nvvm.div.full.ftz
func.func @rest(%x: f32, %y: f32) -> f32 {
  %0 = math.exp2 %x : f32
  %1 = math.rsqrt %y : f32
  %2 = math.fma %0, %1, %x : f32
  %3 = arith.divf %2, %y : f32
  return %3 : f32
}

// Other types are left alone.
// CHECK-LABEL: func.func @double
// CHECK:         math.exp %{{.*}} : f64
func.func @double(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
