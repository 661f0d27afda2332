// KIVI: the newest tokens in windows of f16, keys coded by channel once their group is complete.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "int4 asymmetric channels group=32 residual=128", v = "int4 asymmetric group=32 residual=128"}

// Two warps of heads a row, 6 of q and 2 of v, and a block for the keys of each KV head.
// IR: kernel.rope_append {{.*}}-> (s0, 4), block = 128, shared = 2048>

// Values are coded and put into the window. The new keys of a group go into the window, and what is
// there becomes codes: greatest and least by exchanges, codes and their scales and zeros.
// IR-LABEL: gpu.func @rope(
// IR:         llvm.store {{.*}}, !llvm.ptr<1>
// IR:         nvvm.bar.warp.sync
// IR:         scf.for
// IR:           llvm.store {{.*}}, !llvm.ptr<1>
// IR:         gpu.barrier
// IR:         scf.for
// IR:           llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR-COUNT-16:  nvvm.shfl.sync bfly
// IR:           llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<1>
// IR:           llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<1>
// IR-COUNT-8:   "llvm.roundeven"
// IR:           llvm.store {{.*}} : i32, !llvm.ptr<1>

// Tiles come from the pool or the window.
// IR-LABEL: gpu.func @attend_many(
// IR:         scf.if
// IR:           vector<4xi32>, !llvm.ptr<3>
// IR:         } else {
// IR:           vector<4xi32>, !llvm.ptr<3>
// IR:         scf.for

// The block codes the group that the new key completes; then a walk over codes alone, and one over
// what may be recent: keys from either place, values from both.
// IR-LABEL: gpu.func @attend_one(
// IR:         gpu.barrier
// IR:         arith.remui {{.*}}, %c32_i32
// IR:         scf.if
// IR:           "llvm.roundeven"
// IR:           gpu.barrier
// IR:         scf.for
// IR-NOT:       scf.if
// IR:           nvvm.mma.sync
// IR-NOT:       scf.if
// IR:           scf.yield
// IR:         scf.for
// IR:           scf.if
// IR:           scf.if
// IR:           nvvm.mma.sync
// IR:           arith.xori
// IR:           nvvm.mma.sync
// IR:           scf.yield

// PTX-LABEL: .visible .entry rope(
// PTX:         cvt.rn.f16x2.f32
// PTX:         bar.sync
// PTX:         shfl.sync.bfly
// PTX-LABEL: .visible .entry attend_one(
// PTX:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
func.func @prefill.ptx(%x: tensor<?x1280xf32>, %batch: !llm.batch) -> tensor<?x768xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, kernel = "rope"} : tensor<?x1280xf32>, tensor<?x1280xf32>, tensor<?x1280xf32> -> tensor<?x768xbf16>
  %a = kernel.attention %q over @layers.0 {heads = 6, scale = 0.088, kernel = "attend_many"} : tensor<?x768xbf16> -> tensor<?x768xbf16>
  return %a : tensor<?x768xbf16>
}
func.func @decode.ptx(%x: tensor<1x1280xf32>, %batch: !llm.batch) -> tensor<1x768xbf16> attributes {kernel.target = "ptx"} {
  %a, %p = kernel.append_attention %x, %x, %x over @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 64, kernel = "attend_one"} : tensor<1x1280xf32>, tensor<1x1280xf32>, tensor<1x1280xf32> -> tensor<1x768xbf16>, tensor<1x49920xf32>
  return %a : tensor<1x768xbf16>
}
