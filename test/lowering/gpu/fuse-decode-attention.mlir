// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-decode-attention))' | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(func.func(fuse-decode-attention{splits=1}))' | FileCheck %s --check-prefix=ONE
// RUN: not qopt %s --pass-pipeline='builtin.module(func.func(fuse-decode-attention{splits=-1}))' 2>&1 | FileCheck %s --check-prefix=BAD

llm.cache @c {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
llm.cache @unrotated {kv_heads = 2, head_dim = 64, k = "int4 before_rope", v = "native"}
llm.param @bias : tensor<128xf32>
llm.cache @wide {kv_heads = 40, head_dim = 64, k = "native", v = "native"}

// BAD: splits must not be negative, but are -1

// Single tokens: one launch. 2 KV heads would take 132 parts to fill the chip twice; 64 are the most.
// CHECK-LABEL: func.func @decode.ptx
// CHECK-NEXT: %[[R:.*]], %{{.*}} = kernel.append_attention %arg0, %arg0, %arg0 over @c {heads = 4 : i64, offsets = array<i64: 0, 256, 384>, rope = #llm.rope<theta = 1.000000e+04 : f64>, scale = 1.250000e-01 : f64, splits = 64 : i64} : {{.*}} -> tensor<1x256xbf16>, tensor<1x16896xf32>
// CHECK-NEXT: return %[[R]]
// ONE-LABEL: func.func @decode.ptx
// ONE: kernel.append_attention {{.*}}splits = 1 : i64} : {{.*}} -> tensor<1x256xbf16>
func.func @decode.ptx(%x: tensor<1x512xf32>) -> tensor<1x256xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @c {heads = 4, offsets = array<i64: 0, 256, 384>, rope = #llm.rope<theta = 1.0e4>} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xbf16>
  %a = kernel.attention %q over @c {heads = 4, scale = 0.125} : tensor<1x256xbf16> -> tensor<1x256xbf16>
  return %a : tensor<1x256xbf16>
}

// 40 heads need few parts.
// CHECK-LABEL: func.func @heads.ptx
// CHECK: kernel.append_attention {{.*}}splits = 4 : i64}
func.func @heads.ptx(%x: tensor<1x7680xf32>) -> tensor<1x2560xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @wide {heads = 40, offsets = array<i64: 0, 2560, 5120>} : tensor<1x7680xf32>, tensor<1x7680xf32>, tensor<1x7680xf32> -> tensor<1x2560xbf16>
  %a = kernel.attention %q over @wide {heads = 40, scale = 0.125} : tensor<1x2560xbf16> -> tensor<1x2560xbf16>
  return %a : tensor<1x2560xbf16>
}

// Keys that attention rotates, with their bias.
// CHECK-LABEL: func.func @unrotated.ptx
// CHECK: %[[B:.*]] = llm.get @bias
// CHECK-NEXT: kernel.append_attention %arg0, %arg0, %arg0 over @unrotated bias %[[B]] : tensor<128xf32> {{.*}}rope = #llm.rope<theta = 1.000000e+04 : f64>, {{.*}}splits = 64 : i64}
func.func @unrotated.ptx(%x: tensor<1x512xf32>) -> tensor<1x256xbf16> attributes {kernel.target = "ptx"} {
  %b = llm.get @bias : tensor<128xf32>
  %q = kernel.rope_append %x, %x, %x into @unrotated {heads = 4, offsets = array<i64: 0, 256, 384>, rope = #llm.rope<theta = 1.0e4>, keys_unrotated} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xbf16>
  %a = kernel.attention %q over @unrotated bias %b : tensor<128xf32> {heads = 4, scale = 0.125, rope = #llm.rope<theta = 1.0e4>} : tensor<1x256xbf16> -> tensor<1x256xbf16>
  return %a : tensor<1x256xbf16>
}

// Left alone: several rows of a sequence, other targets, a q that somebody else reads.
// CHECK-LABEL: func.func @prefill.ptx
// CHECK: kernel.rope_append
// CHECK: kernel.attention
func.func @prefill.ptx(%x: tensor<?x512xf32>) -> tensor<?x256xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @c {heads = 4, offsets = array<i64: 0, 256, 384>} : tensor<?x512xf32>, tensor<?x512xf32>, tensor<?x512xf32> -> tensor<?x256xbf16>
  %a = kernel.attention %q over @c {heads = 4, scale = 0.125} : tensor<?x256xbf16> -> tensor<?x256xbf16>
  return %a : tensor<?x256xbf16>
}
// CHECK-LABEL: func.func @decode.cpu
// CHECK: kernel.rope_append
// CHECK: kernel.attention
func.func @decode.cpu(%x: tensor<1x512xf32>) -> tensor<1x256xf32> attributes {kernel.target = "cpu"} {
  %q = kernel.rope_append %x, %x, %x into @c {heads = 4, offsets = array<i64: 0, 256, 384>} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xf32>
  %a = kernel.attention %q over @c {heads = 4, scale = 0.125} : tensor<1x256xf32> -> tensor<1x256xf32>
  return %a : tensor<1x256xf32>
}
// CHECK-LABEL: func.func @read_twice.ptx
// CHECK: kernel.rope_append
// CHECK: kernel.attention
func.func @read_twice.ptx(%x: tensor<1x512xf32>) -> tensor<1x256xbf16> attributes {kernel.target = "ptx"} {
  %q = kernel.rope_append %x, %x, %x into @c {heads = 4, offsets = array<i64: 0, 256, 384>} : tensor<1x512xf32>, tensor<1x512xf32>, tensor<1x512xf32> -> tensor<1x256xbf16>
  %a = kernel.attention %q over @c {heads = 4, scale = 0.125} : tensor<1x256xbf16> -> tensor<1x256xbf16>
  %b = kernel.map %a, %q {offsets = array<i64: 0, 0>} : tensor<1x256xbf16>, tensor<1x256xbf16> -> tensor<1x256xbf16> {
  ^bb0(%e: f32, %f: f32):
    %0 = arith.addf %e, %f : f32
    kernel.yield %0 : f32
  }
  return %b : tensor<1x256xbf16>
}
