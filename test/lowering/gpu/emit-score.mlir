// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --input-file=%t.ptx

// A row in one block: logits are loaded 16 bytes at a time and stay in registers, the greatest is found before the
// exponentials are summed, and one thread stores the result and the next step's token.
// IR-LABEL: gpu.func @one(%{{.*}}: !llvm.ptr<1> {{.*}}, %{{.*}}: !llvm.ptr<1> {{.*}}, %{{.*}}: !llvm.ptr<1> {{.*}}, %{{.*}}: !llvm.ptr<1> {llvm.align = 16 : i64}, %{{.*}}: i64)
// IR-NOT:   gpu.barrier
// IR-NOT:   llvm.atomicrmw
// IR-LABEL: gpu.func @many(
// CHECK-LABEL: .visible .entry one(
// CHECK-COUNT-4: ld.global.nc.v4.b32
// CHECK:         shfl.sync.bfly.b32
// CHECK-COUNT-16: ex2.approx.ftz.f32
// CHECK:         st.global.v4.b32
// CHECK-NOT:     atom
func.func @score.ptx(%logits: tensor<?x512xf32>, %targets: tensor<?xi32>) -> tensor<?x5xf32> attributes {kernel.target = "ptx"} {
  %s = kernel.score %logits, %targets {kernel = "one"} : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x5xf32>
  return %s : tensor<?x5xf32>
}

// A row in several blocks: each leaves what it found, counts itself, and the last one combines.
// CHECK-LABEL: .visible .entry many(
// CHECK:         bar.sync
// CHECK:         fence.acq_rel.gpu
// CHECK:         atom.{{.*}}inc.u32
// CHECK:         fence.acq_rel.gpu
// CHECK:         ex2.approx.ftz.f32
func.func @many.ptx(%logits: tensor<?x50257xf32>, %targets: tensor<?xi32>) -> tensor<?x5xf32> attributes {kernel.target = "ptx"} {
  %s, %p = kernel.score %logits, %targets {kernel = "many"} : tensor<?x50257xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x52xf32>
  return %s : tensor<?x5xf32>
}
