// On chips from sm_90 on, kernels wait for those before them: after what concerns weights alone, before all else.
// RUN: qopt %s --overlap-launches --overlap-launches | FileCheck %s

// CHECK-LABEL: gpu.module @ptx_sm_80
// CHECK-NOT: griddepcontrol
gpu.module @ptx_sm_80 {
  gpu.func @kernel(%x: !llvm.ptr<1> {llvm.noalias, llvm.readonly}) kernel {
    // CHECK: llvm.load %{{.*}} invariant
    %0 = llvm.load %x invariant : !llvm.ptr<1> -> f32
    llvm.store %0, %x : f32, !llvm.ptr<1>
    gpu.return
  }
}

// CHECK-LABEL: gpu.module @ptx_sm_90a attributes {kernel.programmatic_launch}
gpu.module @ptx_sm_90a {
  // Activations are no longer read-only, as the kernel is there before they are; weights are.
  // CHECK-LABEL: gpu.func @weights(
  // CHECK-SAME: %[[X:.*]]: !llvm.ptr<1> {llvm.align = 16 : i64}, %[[W:.*]]: !llvm.ptr<1> {llvm.noalias, llvm.readonly}
  gpu.func @weights(%x: !llvm.ptr<1> {llvm.align = 16, llvm.noalias, llvm.readonly}, %w: !llvm.ptr<1> {llvm.noalias, llvm.readonly}) kernel attributes {kernel.weights = array<i64: 1>} {
    // CHECK-NEXT: nvvm.griddepcontrol launch_dependents
    %c8 = llvm.mlir.constant(8 : i64) : i64
    // CHECK: llvm.getelementptr %[[W]]
    %p = llvm.getelementptr %w[%c8] : (!llvm.ptr<1>, i64) -> !llvm.ptr<1>, f32
    // CHECK-NEXT: llvm.load %{{.*}} invariant
    %0 = llvm.load %p invariant : !llvm.ptr<1> -> f32
    // CHECK-NEXT: llvm.inline_asm has_side_effects {{.*}}"griddepcontrol.wait;", "~{memory}"
    // CHECK-NEXT: llvm.load %[[X]] : !llvm.ptr<1> -> f32
    %1 = llvm.load %x invariant : !llvm.ptr<1> -> f32
    %2 = llvm.fadd %0, %1 : f32
    llvm.store %2, %x : f32, !llvm.ptr<1>
    gpu.return
  }

  // What brings weights to the cache does not wait, either.
  // CHECK-LABEL: gpu.func @prefetch(
  // CHECK: nvvm.cp.async.bulk.prefetch
  // CHECK: griddepcontrol.wait
  // CHECK: nvvm.cp.async.bulk.prefetch
  gpu.func @prefetch(%x: !llvm.ptr<1>, %w: !llvm.ptr<1>, %c: i1) kernel attributes {kernel.weights = array<i64: 1>} {
    %n = llvm.mlir.constant(512 : i32) : i32
    scf.if %c {
      nvvm.cp.async.bulk.prefetch %w, %n : !llvm.ptr<1>
    }
    nvvm.cp.async.bulk.prefetch %x, %n : !llvm.ptr<1>
    gpu.return
  }

  // All threads wait, also where only some of them go on; shared memory is the block's own.
  // CHECK-LABEL: gpu.func @branch(
  // CHECK: llvm.store %{{.*}} : f32, !llvm.ptr<3>
  // CHECK: griddepcontrol.wait
  // CHECK-NEXT: scf.if
  gpu.func @branch(%x: !llvm.ptr<1>, %s: !llvm.ptr<3>, %c: i1, %f: f32) kernel {
    llvm.store %f, %s : f32, !llvm.ptr<3>
    scf.if %c {
      llvm.store %f, %x : f32, !llvm.ptr<1>
    }
    gpu.return
  }

  // A kernel that touches nothing waits nevertheless: the next one takes its end for that of all before.
  // CHECK-LABEL: gpu.func @nothing(
  // CHECK: griddepcontrol.wait
  // CHECK-NEXT: gpu.return
  gpu.func @nothing() kernel {
    gpu.return
  }
}
