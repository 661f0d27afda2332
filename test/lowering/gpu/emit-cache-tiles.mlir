// flashq: tiles of keys and values by channel in two steps, once they are complete.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "int4 asymmetric channels progressive group=64 residual=64", v = "int4 asymmetric channels progressive group=64 residual=64"}

// Two warps of heads of q a row, and a block for the keys and one for the values of each KV head.
// IR: kernel.rope_append {{.*}}-> (s0, 6), block = 128>

// The new tokens of a tile go into the window. A whole one: its largest magnitude and scale, each
// channel's integers, their scales and zeros as bytes, their codes; the same for the values.
// IR-LABEL: gpu.func @rope(
// IR:         scf.for
// IR:           llvm.store {{.*}} : i32, !llvm.ptr<1>
// IR:         gpu.barrier
// IR:         scf.for {{.*}} -> (f32)
// IR-COUNT-5: nvvm.shfl.sync bfly
// IR:         llvm.store {{.*}} : f16, !llvm.ptr<1>
// IR:         scf.for
// IR-COUNT-16:  "llvm.roundeven"
// IR:           nvvm.shfl.sync bfly
// IR-COUNT-4:   llvm.store {{.*}} : i32, !llvm.ptr<1>
// IR-COUNT-8:   "llvm.roundeven"
// IR:           llvm.store {{.*}} : i32, !llvm.ptr<1>
// IR:         scf.for
// IR:         gpu.barrier
// IR:         scf.for {{.*}} -> (f32)

// Tiles of keys and values come from the pool or the window.
// IR-LABEL: gpu.func @attend_many(
// IR-COUNT-2: scf.if
// IR:           vector<4xi32>, !llvm.ptr<3>
// IR:         } else {
// IR:           vector<4xi32>, !llvm.ptr<3>

// The block codes what the new token completes; then a walk over codes alone, whose scores are
// multiplied with the scale of the keys' tile and whose results are in units of the values', and
// one over what may be recent: each from one place.
// IR-LABEL: gpu.func @attend_one(
// IR:         gpu.barrier
// IR:         scf.if
// IR:           scf.for {{.*}} -> (f32)
// IR:           gpu.barrier
// IR:         scf.if
// IR:           scf.for {{.*}} -> (f32)
// IR:           gpu.barrier
// IR:         scf.for
// IR-NOT:       scf.if
// IR:           llvm.load {{.*}} : !llvm.ptr<1> -> f16
// IR:           llvm.load {{.*}} : !llvm.ptr<1> -> f16
// IR:           nvvm.prmt
// IR:           nvvm.mma.sync
// IR:           "llvm.nvvm.div.rn.f"
// IR:           nvvm.mma.sync
// IR-NOT:       scf.if
// IR:           scf.yield
// IR:         scf.for
// IR-COUNT-4:   scf.if
// IR:           nvvm.mma.sync
// IR:           scf.yield

// PTX-LABEL: .visible .entry attend_one(
// PTX:         prmt.b32
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
