// Kernels that take a block for each row: gather, norm, map.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.param @table : tensor<32x2048x32xf16>
llm.param @norm : tensor<2048xf16>

// A table is uploaded as rows of bf16, whatever the checkpoint has; an activation keeps its type.
// IR-LABEL: gpu.func @embed(
// IR:         %[[ROW:.*]] = nvvm.read.ptx.sreg.ctaid.x : i32
// IR:         llvm.load {{.*}} invariant {alignment = 4 : i64} : !llvm.ptr<1> -> i32
// IR:         llvm.load {{.*}} invariant {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR-COUNT-2: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>
// IR-LABEL: gpu.func @select_rows(
// IR-COUNT-2: llvm.load {{.*}} invariant {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// IR:         llvm.store {{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<1>

// The sum is stored as it is computed, and stays in registers until the row's scale is known.
// IR-LABEL: gpu.func @norm(
// IR:         %[[X:.*]] = llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// IR:         %[[R:.*]] = llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// IR:         llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>
// IR:         gpu.barrier
// IR:         llvm.call_intrinsic "llvm.nvvm.rsqrt.approx.ftz.f"
// IR:         llvm.store {{.*}} {alignment = 8 : i64} : vector<2xi32>, !llvm.ptr<1>

// Columns that are no multiple of 4 apart are read one by one, and not beyond the input.
// IR-LABEL: gpu.func @map(
// IR:         llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// IR:         arith.minui
// IR:         llvm.load {{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> f32
// IR-COUNT-4: arith.mulf
// IR:         llvm.store {{.*}} {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr<1>

// PTX-LABEL: .visible .entry embed(
// PTX:         ld.global.nc.v4.b32
// PTX:         st.global.v4.b32
// PTX-LABEL: .visible .entry norm(
// PTX:         ld.global.v4.b32
// PTX:         shfl.sync.bfly.b32
// PTX:         rsqrt.approx.ftz.f32
// PTX:         st.global.v2.b32
// PTX-NOT:   .extern .func
func.func @prefill.ptx(%ids: tensor<?xi32>, %rows: tensor<?xi32>, %r: tensor<?x2048xf32>) -> tensor<?x1023xf32> attributes {kernel.target = "ptx"} {
  %table = llm.get @table : tensor<32x2048x32xf16>
  %norm = llm.get @norm : tensor<2048xf16>
  %h = kernel.gather %table at %ids {kernel = "embed"} : tensor<32x2048x32xf16>, tensor<?xi32> -> tensor<?x2048xf32>
  %s = kernel.gather %h at %rows {kernel = "select_rows"} : tensor<?x2048xf32>, tensor<?xi32> -> tensor<?x2048xbf16>
  %n, %sum = kernel.norm rms %h plus %r : tensor<?x2048xf32>, %norm {eps = 1.0e-5, kernel = "norm"} : tensor<?x2048xf32>, tensor<2048xf16> -> tensor<?x2048xbf16>, tensor<?x2048xf32>
  %m = kernel.map %h, %h {offsets = array<i64: 0, 1023>, kernel = "map"} : tensor<?x2048xf32>, tensor<?x2048xf32> -> tensor<?x1023xf32> {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %b : f32
    kernel.yield %0 : f32
  }
  return %m : tensor<?x1023xf32>
}
