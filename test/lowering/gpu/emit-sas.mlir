// Weights by an exponential in two parts: a factor for each bit of the whole part, and a polynomial in the rest.
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-decode-attention,configure-ptx-kernels),name-kernels,emit-ptx-kernels)' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-decode-attention,configure-ptx-kernels),name-kernels,emit-ptx-kernels)' -o %t.ptx
// RUN: FileCheck %s --check-prefix=PTX --input-file=%t.ptx

llm.cache @layers.0 {kv_heads = 2, head_dim = 64, k = "native", v = "native"}

// The fused kernel keeps it.
// CHECK: kernel.append_attention {{.*}}softmax = #llm.sas<threshold = 6.000000e+00 : f64, degree = 2>

// CHECK-LABEL: gpu.func @attention_4h_2kv_64_sas_to_bf16(
// CHECK:         scf.for
// CHECK:           nvvm.mma.sync
// What corrects earlier results stays exact.
// CHECK:           llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"
// CHECK:           %[[BEYOND:.*]] = arith.cmpf olt, %[[T:.*]], %[[X:.*]] : f32
// CHECK:           %[[INSIDE:.*]] = arith.select %[[BEYOND]], %[[T]], %[[X]] : f32
// CHECK:           %[[WHOLE:.*]] = llvm.call_intrinsic "llvm.floor"(%[[INSIDE]])
// CHECK:           %[[REST:.*]] = arith.subf %[[INSIDE]], %[[WHOLE]] : f32
// CHECK-COUNT-2:   llvm.intr.fma({{.*}}%[[REST]]
// CHECK:           arith.addf %[[WHOLE]], %{{.*}} : f32
// CHECK-COUNT-3:   arith.select
// CHECK:           %[[TABLE:.*]] = arith.mulf
// CHECK-NEXT:      %[[WEIGHT:.*]] = arith.mulf %{{.*}}, %[[TABLE]] : f32
// CHECK-NEXT:      arith.select %[[BEYOND]], %{{.*}}, %[[WEIGHT]] : f32

// CHECK-LABEL: gpu.func @rope_append_attention_4h_2kv_64_splits{{[0-9]+}}_sas_to_bf16_rows1(
// CHECK:         llvm.call_intrinsic "llvm.floor"

// PTX-LABEL: .visible .entry attention_4h_2kv_64_sas_to_bf16(
// PTX:         cvt.rmi.f32.f32
// PTX-LABEL: .visible .entry rope_append_attention_4h_2kv_64_splits{{[0-9]+}}_sas_to_bf16_rows1(
// PTX:         cvt.rmi.f32.f32
func.func @prefill.ptx(%q: tensor<?x256xbf16>, %batch: !llm.batch) -> tensor<?x256xbf16> attributes {kernel.target = "ptx"} {
  %a = kernel.attention %q over @layers.0 {heads = 4, scale = 0.125, softmax = #llm.sas<threshold = 6.0, degree = 2>} : tensor<?x256xbf16> -> tensor<?x256xbf16>
  return %a : tensor<?x256xbf16>
}
func.func @decode.ptx(%x: tensor<1x512xf32>, %batch: !llm.batch) -> tensor<1x256xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @layers.0 {heads = 4, offsets = array<i64: 0, 256, 384>, rope = #llm.rope<theta = 1.0e4>} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xbf16>
  %a = kernel.attention %q over @layers.0 {heads = 4, scale = 0.125, softmax = #llm.sas<threshold = 6.0, degree = 2>} : tensor<1x256xbf16> -> tensor<1x256xbf16>
  return %a : tensor<1x256xbf16>
}
