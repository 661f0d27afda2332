// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels --split-input-file | FileCheck %s

// A plain table's rows are copied as vectors, the last with a mask; a row of a packed table is a
// lane of its panel.
// CHECK-LABEL: func.func @plain
// CHECK:         %[[INDEX:.*]] = arith.extsi %{{.*}} : i32 to i64
// CHECK:         arith.muli %[[INDEX]], %c24_i64
// CHECK:         llvm.load {{.*}} -> vector<16xi16>
// CHECK:         llvm.intr.masked.load {{.*}} -> vector<16xi16>
// CHECK:         llvm.intr.masked.store
// CHECK-LABEL: func.func @packed
// CHECK:         %[[INDEX:.*]] = arith.extsi %{{.*}} : i32 to i64
// CHECK:         arith.divui %[[INDEX]], %c32_i64
// CHECK:         arith.remui %[[INDEX]], %c32_i64
// CHECK:         scf.for
// CHECK:           llvm.load {{.*}} -> i16
// CHECK:           llvm.store {{.*}} : f32, !llvm.ptr
llm.param @plain : tensor<100x24xbf16>
llm.param @packed : tensor<4x24x32xbf16>
func.func @gather(%ids: tensor<?xi32>) attributes {kernel.target = "cpu"} {
  %plain = llm.get @plain : tensor<100x24xbf16>
  %packed = llm.get @packed : tensor<4x24x32xbf16>
  %0 = kernel.gather %plain at %ids {kernel = "plain"} : tensor<100x24xbf16>, tensor<?xi32> -> tensor<?x24xf32>
  %1 = kernel.gather %packed at %ids {kernel = "packed"} : tensor<4x24x32xbf16>, tensor<?xi32> -> tensor<?x24xf32>
  return
}

// -----

// The sum is stored on the first visit of the row and read again for the result.
// CHECK-LABEL: func.func @norm
// CHECK:         %[[SUM:.*]] = arith.addf %{{.*}}, %{{.*}} : vector<16xf32>
// CHECK:         llvm.store %[[SUM]]
// CHECK:         math.fma %[[SUM]], %[[SUM]]
// CHECK:         vector.shuffle
// CHECK:         math.sqrt
// CHECK:         arith.divf
// CHECK:         arith.mulf
llm.param @n : tensor<128xbf16>
func.func @norms(%x: tensor<?x128xf32>, %r: tensor<?x128xf32>) attributes {kernel.target = "cpu"} {
  %n = llm.get @n : tensor<128xbf16>
  %0:2 = kernel.norm rms %x plus %r : tensor<?x128xf32>, %n {eps = 1.0e-5, kernel = "norm"}
      : tensor<?x128xf32>, tensor<128xbf16> -> tensor<?x128xf32>, tensor<?x128xf32>
  return
}

// -----

// The region is inlined on vectors; exp without a call.
// CHECK-LABEL: func.func @silu
// CHECK:         scf.for
// CHECK:           %[[X:.*]] = llvm.load {{.*}} -> vector<16xf32>
// CHECK:           arith.negf %[[X]] : vector<16xf32>
// CHECK-NOT:       math.exp
// CHECK:           arith.divf %[[X]], %{{.*}} : vector<16xf32>
// CHECK-NEXT:      llvm.getelementptr
// CHECK-NEXT:      llvm.store
func.func @map(%x: tensor<?x64xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.map %x {offsets = array<i64: 0>, kernel = "silu"} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    %one = arith.constant 1.0 : f32
    %1 = arith.negf %a : f32
    %2 = math.exp %1 : f32
    %3 = arith.addf %2, %one : f32
    %4 = arith.divf %a, %3 : f32
    kernel.yield %4 : f32
  }
  return
}
