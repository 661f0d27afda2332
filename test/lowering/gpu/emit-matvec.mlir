// Products with one row: the weights' bytes stream past, 16 a lane, several loads under way.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels{chip=sm_90},overlap-launches)' -o %t.90.ptx
// RUN: FileCheck %s --check-prefix=OVERLAP --input-file=%t.90.ptx

llm.param @weight : tensor<64x2048x32xbf16>
llm.param @bias : tensor<64x32xf32>

// Weights, bias and x are read only; the residual may be where the result goes.
// IR-LABEL: gpu.module @ptx_sm_80
// IR:         llvm.mlir.global external @shared_memory() {addr_space = 3 : i32, alignment = 128 : i64
// IR:         gpu.func @down(%[[X:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %[[W:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %[[B:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64, llvm.noalias, llvm.readonly}, %[[R:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64}, %[[Y:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64}, %{{.*}}: i64) kernel attributes {kernel.weights = array<i64: 1, 2>, known_block_size = array<i32: 128, 1, 1>
// IR:           scf.for
// IR-COUNT-12:    llvm.load {{.*}} invariant {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR-NOT:         llvm.load
// IR:             llvm.intr.fma
// IR:           scf.yield
// IR:           nvvm.shfl.sync bfly
// IR:           gpu.barrier
// The epilogue region runs once for each result element.
// IR:           %[[BIAS:.*]] = llvm.load {{.*}} invariant {alignment = 4 : i64} : !llvm.ptr<1> -> f32
// IR:           %[[RES:.*]] = llvm.load {{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> f32
// IR:           %[[S:.*]] = arith.addf %{{.*}}, %[[BIAS]] : f32
// IR:           %[[T:.*]] = arith.addf %[[S]], %[[RES]] : f32
// IR:           llvm.store %[[T]], %{{.*}} {alignment = 4 : i64} : f32, !llvm.ptr<1>

// PTX:         .version 7.0
// PTX:         .target sm_80
// PTX-LABEL: .visible .entry down(
// PTX:         .maxntid 128, 1, 1
// PTX:         .minnctapersm 1
// All loads of a step come before the first multiplication: eight of weights, four of x.
// PTX-COUNT-12: ld.global.nc.v4.b32
// PTX-NOT:     ld.global
// PTX:         fma.rn.f32
// PTX:         shfl.sync.bfly.b32
// PTX:         bar.sync
// PTX:         st.global.b32

// A kernel that begins before x is there has its first weights brought to the cache: a thread for each row of the block.
// OVERLAP:       .version 8.0
// OVERLAP-LABEL: .visible .entry down(
// OVERLAP:         griddepcontrol.launch_dependents;
// OVERLAP:         setp
// OVERLAP-NOT:     ld.global
// OVERLAP:         cp.async.bulk.prefetch.L2.global [%{{rd[0-9]+}}], %{{r[0-9]+}};
// OVERLAP-NOT:     ld.global
// OVERLAP:         griddepcontrol.wait;
// OVERLAP:         ld.global
func.func @decode.ptx(%x: tensor<1x2048xbf16>, %h: tensor<1x2048xf32>) -> tensor<1x2048xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @weight : tensor<64x2048x32xbf16>
  %b = llm.get @bias : tensor<64x32xf32>
  %y = kernel.matmul %x, %w ways 1 extras(%b, %h : tensor<64x32xf32>, tensor<1x2048xf32>) {columns = 2048, kernel = "down"} : tensor<1x2048xbf16>, tensor<64x2048x32xbf16> -> tensor<1x2048xf32> {
  ^bb0(%acc: f32, %bias: f32, %residual: f32):
    %0 = arith.addf %acc, %bias : f32
    %1 = arith.addf %0, %residual : f32
    kernel.yield %1 : f32
  }
  return %y : tensor<1x2048xf32>
}
