// Keys that are cached before their rotary embedding and without their bias turn between their codes and the fragments.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.param @bias : tensor<256xf32>
llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "int4 asymmetric before_rope", v = "native"}
llm.cache @layers.1 {kv_heads = 2, head_dim = 64, k = "lloyd_max4 hadamard=1 before_rope", v = "native"}

// The query turns, keys do not. Elements go to shared memory by pairs: two of each half at once.
// IR-LABEL: gpu.func @rope(
// IR:         scf.if
// IR-COUNT-2:   arith.subf
// IR:         llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<3>
// IR:         nvvm.bar.warp.sync

// Queries are staged by pairs. A thread has 32 places of a key, 16 pairs: cosines and sines of the key's position, and its bias.
// IR-LABEL: gpu.func @attend_many(
// IR:         llvm.load {{.*}} -> vector<4xi32>
// IR:         llvm.load {{.*}} : !llvm.ptr<1> -> vector<2xf32>
// IR:         llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xf32>
// IR:         arith.negf
// IR:         llvm.intr.fma
// IR:         llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<3>

// The angles of the places of a step, and the bias, are put into shared memory. In a step the query turns back by the angles of the
// step's first position, and then keys turn by those of their places: eight loads of two pairs for each key of the lane.
// IR-LABEL: gpu.func @attend_one(
// IR:         scf.for
// IR:           llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xf32>
// IR:           llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<3>
// IR:         scf.for
// IR:           llvm.store {{.*}} : vector<4xf32>, !llvm.ptr<3>
// IR:         gpu.barrier
// IR:         scf.for
// IR:           llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xi32>
// IR-COUNT-8:   llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xf32>
// IR-COUNT-16:  llvm.load {{.*}} : !llvm.ptr<3> -> vector<4xf32>
// IR-COUNT-8:   nvvm.mma.sync
// IR:           scf.yield

// Codes of rotated keys are rotated back before: exchanges within the lane, then among the quad.
// IR-LABEL: gpu.func @attend_rotated(
// IR:         scf.for
// IR:           llvm.load {{.*}} : !llvm.ptr<1> -> vector<4xi32>
// IR-COUNT-32:  nvvm.shfl.sync bfly
// IR:           nvvm.mma.sync
// IR:           scf.yield

// PTX-LABEL: .visible .entry attend_one(
// PTX:         ld.shared.v4.b32
// PTX:         cvt.rn.bf16x2.f32
// PTX:         mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
func.func @prefill.ptx(%x: tensor<?x1280xf32>, %batch: !llm.batch) -> tensor<?x768xbf16> attributes {kernel.target = "ptx"} {
  %b = llm.get @bias : tensor<256xf32>
  %q = kernel.rope_append %x, %x, %x into @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, keys_unrotated, kernel = "rope"} : tensor<?x1280xf32>, tensor<?x1280xf32>, tensor<?x1280xf32> -> tensor<?x768xbf16>
  %a = kernel.attention %q over @layers.0 bias %b : tensor<256xf32> {heads = 6, scale = 0.088, rope = #llm.rope<theta = 1.0e4>, kernel = "attend_many"} : tensor<?x768xbf16> -> tensor<?x768xbf16>
  return %a : tensor<?x768xbf16>
}
func.func @decode.ptx(%x: tensor<1x1280xf32>, %batch: !llm.batch) -> tensor<1x768xbf16> attributes {kernel.target = "ptx"} {
  %b = llm.get @bias : tensor<256xf32>
  %a, %p = kernel.append_attention %x, %x, %x over @layers.0 bias %b : tensor<256xf32> {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 64, kernel = "attend_one"} : tensor<1x1280xf32>, tensor<1x1280xf32>, tensor<1x1280xf32> -> tensor<1x768xbf16>, tensor<1x49920xf32>
  return %a : tensor<1x768xbf16>
}
func.func @rotated.ptx(%x: tensor<1x512xf32>, %batch: !llm.batch) -> tensor<1x256xbf16> attributes {kernel.target = "ptx"} {
  %a = kernel.append_attention %x, %x, %x over @layers.1 {heads = 4, offsets = array<i64: 0, 256, 384>, rope = #llm.rope<theta = 1.0e4>, scale = 0.125, splits = 1, kernel = "attend_rotated"} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xbf16>
  return %a : tensor<1x256xbf16>
}
