// Rotation, append and attention over the paged cache, for a step of many tokens and of one.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "native", v = "native"}
llm.param @q_norm : tensor<128xbf16>
llm.param @k_norm : tensor<128xbf16>

// A warp a head: q goes to the result, k and v to the row of their token in the page.
// IR-LABEL: gpu.func @rope(
// IR:         nvvm.shfl.sync bfly
// The angles' cosines and sines of two pairs.
// IR:         llvm.load {{.*}} invariant {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xf32>
// IR:         llvm.store {{.*}} : i32, !llvm.ptr<1>
// IR:         %[[PAGE:.*]] = llvm.load {{.*}} invariant {alignment = 4 : i64} : !llvm.ptr<1> -> i32
// IR:         arith.muli %[[PAGE]], %{{.*}} : i32
// IR:         llvm.store {{.*}} : i32, !llvm.ptr<1>

// The pools are read only here; scores, weights and results never leave registers.
// IR-LABEL: gpu.func @attend_many(
// IR:         nvvm.cp.async.shared.global
// IR:         nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<row>
// IR:         scf.for
// IR:           nvvm.cp.async.wait.group 0
// IR:           gpu.barrier
// IR:           nvvm.mma.sync
// IR:           llvm.intr.maxnum
// IR:           llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"
// Values enter transposed.
// IR:           nvvm.ldmatrix {{.*}} layout = #nvvm.mma_layout<col>
// IR:           nvvm.mma.sync

// Blocks without a part of the past leave at once. The queries meet in shared memory.
// IR-LABEL: gpu.func @attend_one(
// IR:         %[[HAS_PART:.*]] = arith.cmpi ult
// IR:         scf.if %[[HAS_PART]] {
// IR:           scf.for
// IR:             nvvm.shfl.sync bfly
// IR:             llvm.store {{.*}} !llvm.ptr<3>
// IR:           gpu.barrier
// Keys and values go from memory into fragments.
// IR:           scf.for
// IR-NOT:         llvm.ptr<3>
// IR:             llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR:             nvvm.mma.sync
// IR:             nvvm.prmt
// IR:             scf.yield
// IR:           llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<3>
// IR:           gpu.barrier
// The last block to come combines them all.
// IR:           llvm.fence syncscope("device") acq_rel
// IR-NEXT:      gpu.barrier
// IR:           llvm.atomicrmw uinc_wrap {{.*}} syncscope("device") monotonic
// IR:           gpu.barrier
// IR:           llvm.fence syncscope("device") acq_rel

// PTX-LABEL: .visible .entry rope(
// PTX:         ld.global.nc.v4.b32
// PTX:         cvt.rn.bf16x2.f32
// PTX-LABEL: .visible .entry attend_many(
// PTX:         cp.async.cg.shared.global
// PTX:         ldmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX:         ex2.approx.ftz.f32
// PTX:         ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX-LABEL: .visible .entry attend_one(
// Sixteen keys and values of 128 elements, 16 bytes a lane, of which this block may have written one.
// PTX:         ld.global.v4.b32
// PTX:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX:         prmt.b32
// PTX:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX:         fence.acq_rel.gpu
// PTX:         atom.global.inc.u32
func.func @prefill.ptx(%x: tensor<?x1280xf32>, %batch: !llm.batch) -> tensor<?x768xbf16> attributes {kernel.target = "ptx"} {
  %q_norm = llm.get @q_norm : tensor<128xbf16>
  %k_norm = llm.get @k_norm : tensor<128xbf16>
  %q = kernel.rope_append %x, %x, %x norms %q_norm, %k_norm : tensor<128xbf16>, tensor<128xbf16> into @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, eps = 1.0e-6, rope = #llm.rope<theta = 1.0e4>, kernel = "rope"} : tensor<?x1280xf32>, tensor<?x1280xf32>, tensor<?x1280xf32> -> tensor<?x768xbf16>
  %a = kernel.attention %q over @layers.0 {heads = 6, scale = 0.088, kernel = "attend_many"} : tensor<?x768xbf16> -> tensor<?x768xbf16>
  return %a : tensor<?x768xbf16>
}
func.func @decode.ptx(%x: tensor<1x1280xf32>, %batch: !llm.batch) -> tensor<1x768xbf16> attributes {kernel.target = "ptx"} {
  %q_norm = llm.get @q_norm : tensor<128xbf16>
  %k_norm = llm.get @k_norm : tensor<128xbf16>
  %a, %p = kernel.append_attention %x, %x, %x norms %q_norm, %k_norm : tensor<128xbf16>, tensor<128xbf16> over @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, eps = 1.0e-6, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 64, kernel = "attend_one"} : tensor<1x1280xf32>, tensor<1x1280xf32>, tensor<1x1280xf32> -> tensor<1x768xbf16>, tensor<1x49920xf32>
  // The same kernel is emitted once.
  // IR-NOT: gpu.func @attend_one(
  %b, %r = kernel.append_attention %x, %x, %x norms %q_norm, %k_norm : tensor<128xbf16>, tensor<128xbf16> over @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, eps = 1.0e-6, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 64, kernel = "attend_one"} : tensor<1x1280xf32>, tensor<1x1280xf32>, tensor<1x1280xf32> -> tensor<1x768xbf16>, tensor<1x49920xf32>
  return %b : tensor<1x768xbf16>
}
