// Keys and values as codes: quantized where they are appended, dequantized in registers.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s --check-prefix=IR
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "int8", v = "int4 asymmetric"}

// The head meets in shared memory; its greatest magnitude over 127 is the scale, stored as f16.
// IR-LABEL: gpu.func @rope(
// IR:         nvvm.bar.warp.sync
// IR:         llvm.load {{.*}} : !llvm.ptr<3> -> vector<4xf32>
// IR:         nvvm.shfl.sync bfly
// IR:         llvm.call_intrinsic "llvm.nvvm.div.rn.f"
// IR:         arith.truncf {{.*}} : f32 to f16
// IR:         llvm.store {{.*}} : f16, !llvm.ptr<1>
// IR:         "llvm.roundeven"
// IR:         llvm.store {{.*}} : i32, !llvm.ptr<1>
// The values' zeros.
// IR:         llvm.store {{.*}} : f16, !llvm.ptr<1>
// IR:         llvm.store {{.*}} : f16, !llvm.ptr<1>
// IR:         llvm.store {{.*}} : i32, !llvm.ptr<1>

// 16 codes of keys, or 16 of two values each, a thread; to shared memory goes bf16.
// IR-LABEL: gpu.func @attend_many(
// IR-NOT:     nvvm.cp.async.shared.global
// IR:         llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR:         nvvm.prmt
// IR:         arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// IR:         llvm.store {{.*}} : vector<4xi32>, !llvm.ptr<3>
// IR:         nvvm.mma.sync

// IR-LABEL: gpu.func @attend_one(
// IR:           nvvm.bar.warp.sync
// IR:           gpu.barrier
// IR:           scf.for
// IR-NOT:         llvm.ptr<3>
// IR:             llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// IR:             llvm.load {{.*}} : !llvm.ptr<1> -> f16
// IR:             nvvm.prmt
// IR:             nvvm.mma.sync
// IR:             arith.shrui
// IR:             nvvm.mma.sync
// IR:             scf.yield

// PTX-LABEL: .visible .entry rope(
// PTX:         bar.warp.sync
// PTX:         div.rn.f32
// PTX:         cvt.rn.f16.f32
// PTX-LABEL: .visible .entry attend_many(
// PTX:         ld.global{{.*}}v4.b32
// PTX:         prmt.b32
// PTX:         cvt.rn.bf16x2.f32
// PTX-LABEL: .visible .entry attend_one(
// PTX:         ld.global{{.*}}v4.b32
// PTX:         cvt.f32.f16
// PTX:         fma.rn.f32
// PTX:         cvt.rn.bf16x2.f32
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
