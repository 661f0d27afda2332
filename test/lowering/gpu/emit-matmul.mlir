// Products with many rows: tensor cores, fed through a ring of stages in shared memory.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.param @gate_up : tensor<64x172x32xbf16>

// Three stages are filled before the loop; each round waits for one, fills one and multiplies one.
// Where the depth ends inside a tile, copies read what is left of it and zero the rest: 172 = 5 * 32 + 12.
// IR-LABEL: gpu.func @gate_up(
// IR-SAME:    %[[T:arg[0-9]+]]: i64) kernel
// IR-COUNT-3: nvvm.cp.async.commit.group
// IR:         scf.for {{.*}} step %{{.*}} iter_args
// IR:           nvvm.cp.async.wait.group 2
// IR:           gpu.barrier
// IR:           scf.if
// IR:             nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg, %{{.*}} : !llvm.ptr<3>, !llvm.ptr<1>, i32
// IR:           nvvm.cp.async.commit.group
// IR:           nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// IR:           nvvm.mma.sync A[{{.*}}] {{.*}}multiplicandAPtxType = #nvvm.mma_type<bf16>{{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
// IR:           scf.yield
// The epilogue runs on the sums of both ways; rows beyond T store nothing.
// IR:         scf.if
// IR:           math.exp
// IR:           arith.divf
// IR:           llvm.store {{.*}} {alignment = 4 : i64} : i32, !llvm.ptr<1>

// PTX-LABEL: .visible .entry gate_up(
// PTX-DAG:     cp.async.cg.shared.global
// PTX-DAG:     cp.async.commit_group
// PTX-DAG:     cp.async.wait_group 2
// PTX-DAG:     bar.sync
// PTX-DAG:     ldmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX-DAG:     mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX-NOT:     call
// PTX:         ex2.approx.ftz.f32
// PTX:         div.full.ftz.f32
// PTX:         cvt.rn.bf16x2.f32
// PTX:         st.global.b32
func.func @prefill.ptx(%x: tensor<?x172xbf16>) -> tensor<?x1024xbf16> attributes {kernel.target = "ptx"} {
  %w = llm.get @gate_up : tensor<64x172x32xbf16>
  %y = kernel.matmul %x, %w ways 2 {columns = 1024, kernel = "gate_up"} : tensor<?x172xbf16>, tensor<64x172x32xbf16> -> tensor<?x1024xbf16> {
  ^bb0(%gate: f32, %up: f32):
    %one = arith.constant 1.0 : f32
    %0 = arith.negf %gate : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.divf %gate, %2 : f32
    %4 = arith.mulf %3, %up : f32
    kernel.yield %4 : f32
  }
  return %y : tensor<?x1024xbf16>
}
