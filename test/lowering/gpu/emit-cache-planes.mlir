// Codes of six bits are planes of four and of two: a lane loads and stores a part of each.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(configure-ptx-kernels),emit-ptx-kernels)' | FileCheck %s

// The table's index of a scale, then of eight codes the lower four bits, and the upper two.
// CHECK-LABEL: gpu.func @rope(
// CHECK:         llvm.store {{.*}} : i8, !llvm.ptr<1>
// CHECK:         llvm.store {{.*}} : i32, !llvm.ptr<1>
// CHECK:         arith.shrui
// CHECK:         llvm.store {{.*}} : i16, !llvm.ptr<1>

// CHECK-LABEL: gpu.func @attend_many(
// CHECK:         llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// CHECK:         llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> vector<2xi32>
// CHECK:         nvvm.mma.sync

// CHECK-LABEL: gpu.func @attend_one(
// CHECK:         scf.for
// CHECK:           llvm.load {{.*}} {alignment = 16 : i64} : !llvm.ptr<1> -> vector<4xi32>
// CHECK:           llvm.load {{.*}} {alignment = 8 : i64} : !llvm.ptr<1> -> vector<2xi32>
// CHECK:           arith.ori
// CHECK:           nvvm.mma.sync

llm.cache @layers.0 {kv_heads = 2, head_dim = 128, k = "uniform6 scales=8:1.0e-12:1.19", v = "native"}
func.func @prefill.ptx(%x: tensor<?x1280xf32>, %batch: !llm.batch) -> tensor<?x768xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, kernel = "rope"} : tensor<?x1280xf32>, tensor<?x1280xf32>, tensor<?x1280xf32> -> tensor<?x768xbf16>
  %a = kernel.attention %q over @layers.0 {heads = 6, scale = 0.088, kernel = "attend_many"} : tensor<?x768xbf16> -> tensor<?x768xbf16>
  return %a : tensor<?x768xbf16>
}
func.func @decode.ptx(%x: tensor<1x1280xf32>, %batch: !llm.batch) -> tensor<1x768xbf16> attributes {kernel.target = "ptx"} {
  %a, %p = kernel.append_attention %x, %x, %x over @layers.0 {heads = 6, offsets = array<i64: 0, 768, 1024>, rope = #llm.rope<theta = 1.0e4>, scale = 0.088, splits = 64, kernel = "attend_one"} : tensor<1x1280xf32>, tensor<1x1280xf32>, tensor<1x1280xf32> -> tensor<1x768xbf16>, tensor<1x49920xf32>
  return %a : tensor<1x768xbf16>
}
