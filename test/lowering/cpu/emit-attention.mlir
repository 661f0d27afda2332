// RUN: qopt %s --configure-cpu-kernels --emit-cpu-kernels --split-input-file | FileCheck %s

// Cosines and sines lie side by side in the table; keys go to the cache with tokens side by side
// (a stride of 128 numbers), values as they are.
// CHECK-LABEL: func.func @append
// CHECK:         %[[COSINE:.*]] = vector.shuffle %[[LOW:.*]], %[[HIGH:.*]] [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30]
// CHECK:         %[[SINE:.*]] = vector.shuffle %[[LOW]], %[[HIGH]] [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]
// CHECK:         arith.mulf %{{.*}}, %[[COSINE]]
// CHECK:         scf.for %[[I:.*]] =
// CHECK:           arith.muli %[[I]], %c512_i64
// CHECK:           %[[KEY:.*]] = llvm.load {{.*}} -> i32
// CHECK-NEXT:      llvm.store %[[KEY]]
llm.cache @cache {kv_heads = 2, head_dim = 32, k = "native", v = "native"}
func.func @f(%x: tensor<?x256xf32>) attributes {kernel.target = "cpu"} {
  %q = kernel.rope_append %x, %x, %x into @cache {heads = 4, offsets = array<i64: 0, 128, 192>, rope = #llm.rope<theta = 1.0e4>, kernel = "append"}
      : tensor<?x256xf32>, tensor<?x256xf32>, tensor<?x256xf32> -> tensor<?x128xf32>
  return
}

// -----

// For each page: scores of 128 tokens by three queries, the next block requested meanwhile; the
// softmax masks tokens that a row does not see; weighted values. No head has a tail here, so no
// masked access.
// CHECK-LABEL: func.func @attention
// CHECK-NOT:     masked
// CHECK:         llvm.intr.prefetch
// CHECK-COUNT-24: math.fma
// CHECK:         %[[SEEN:.*]] = arith.cmp{{.*}} : vector<16xi32>
// CHECK:         arith.select %[[SEEN]]
// CHECK-COUNT-7: arith.cmp{{.*}} : vector<16xi32>
// CHECK:         arith.divf
// CHECK:         return
llm.cache @cache {kv_heads = 2, head_dim = 64, k = "native", v = "native"}
func.func @f(%q: tensor<?x384xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.attention %q over @cache {heads = 6, scale = 0.125, kernel = "attention"} : tensor<?x384xf32> -> tensor<?x384xf32>
  return
}

// -----

// Integer keys: the query becomes two parts of a byte each, and the codes of four elements meet four
// of either in one instruction; so do the codes of four tokens' values. Keys have a group of 64
// elements: 16 rows of 512 bytes, of which eight vectors of tokens are summed at once.
// CHECK-LABEL: func.func @integers
// CHECK:         math.roundeven
// CHECK:         llvm.load {{.*}} -> vector<64xi8>
// CHECK-COUNT-16: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK:         arith.sitofp
// CHECK:         llvm.load {{.*}} -> vector<64xi8>
// CHECK:         arith.shrui {{.*}} : vector<32xi16>
// CHECK-COUNT-8: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
llm.cache @cache {kv_heads = 2, head_dim = 64, k = "int8", v = "int4"}
func.func @f(%q: tensor<1x128xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.attention %q over @cache {heads = 2, scale = 0.125, kernel = "integers"} : tensor<1x128xf32> -> tensor<1x128xf32>
  return
}

// -----

// Codes of 6 bits are a stream: the second of four begins in the upper 2 bits of the first byte and ends in
// the next. Of values a vector of 16 elements is two codes of each of eight streams.
// CHECK-LABEL: func.func @streams
// CHECK:         arith.shrui {{.*}}, %{{.*}} : vector<32xi16>
// CHECK:         arith.shli {{.*}}, %{{.*}} : vector<32xi16>
// CHECK:         arith.ori {{.*}} : vector<64xi8>
// CHECK:         llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"
// CHECK:         %[[EIGHT:.*]] = llvm.load {{.*}} -> vector<32xi8>
// CHECK:         vector.shuffle %[[EIGHT]], %[[EIGHT]]
// CHECK:         arith.ori {{.*}} : vector<64xi8>
llm.cache @cache {kv_heads = 2, head_dim = 64, k = "uniform6", v = "uniform6"}
func.func @f(%q: tensor<1x128xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.attention %q over @cache {heads = 2, scale = 0.125, kernel = "streams"} : tensor<1x128xf32> -> tensor<1x128xf32>
  return
}

// -----

// KIVI: one item appends all rows of a KV head, keys and values to the newest tokens first (f16), and
// codes the keys of a group of 32 tokens when its last is there.
// CHECK-LABEL: func.func @append_kivi
// CHECK:         llvm.store {{.*}} : i16
// CHECK:         arith.remui %{{.*}}, %c32_i64
// CHECK:         scf.if
// CHECK-COUNT-16: math.roundeven
llm.cache @cache {kv_heads = 2, head_dim = 32, k = "int2 asymmetric channels group=32 residual=128", v = "int2 asymmetric group=32 residual=128"}
func.func @f(%x: tensor<?x128xf32>) attributes {kernel.target = "cpu"} {
  %q = kernel.rope_append %x, %x, %x into @cache {heads = 2, offsets = array<i64: 0, 0, 0>, kernel = "append_kivi"}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}

// -----

// Keys before their rotary embedding: the query turns back by the angles of a page's first token; tiles
// of 64 tokens are decoded by pairs of rows, get their bias, turn, and are scored.
// CHECK-LABEL: func.func @before_rope
// CHECK-DAG:     %[[SINES:.*]] = llvm.mlir.addressof @page_sines_{{.*}} : !llvm.ptr
// CHECK-DAG:     %[[COSINES:.*]] = llvm.mlir.addressof @page_cosines_{{.*}} : !llvm.ptr
// CHECK:         vector.shuffle
// CHECK:         scf.for {{.*}} to %c64_i64 step %c16_i64
// CHECK-COUNT-2: vector.bitcast {{.*}} : vector<64xi8> to vector<16xi32>
// CHECK:         llvm.load {{.*}} -> i16
// CHECK:         arith.bitcast {{.*}} : i32 to f32
// CHECK:         arith.subf
// CHECK:         llvm.store {{.*}} : vector<16xf32>
// CHECK:         scf.for {{.*}} iter_args
llm.param @bias : tensor<64xbf16>
llm.cache @cache {kv_heads = 2, head_dim = 32, k = "int8 before_rope", v = "int8"}
func.func @f(%q: tensor<1x64xf32>) attributes {kernel.target = "cpu"} {
  %b = llm.get @bias : tensor<64xbf16>
  %0 = kernel.attention %q over @cache bias %b : tensor<64xbf16> {heads = 2, scale = 0.125, rope = #llm.rope<theta = 1.0e4>, kernel = "before_rope"}
      : tensor<1x64xf32> -> tensor<1x64xf32>
  return
}

// -----

// Progressive tiles: the largest magnitude of 64 tokens first, then each channel's integers.
// CHECK-LABEL: func.func @append_flashq
// CHECK:         arith.remui %{{.*}}, %c64_i64
// CHECK:         scf.if
// CHECK:         math.absf
// CHECK:         arith.truncf {{.*}} to vector<16xf16>
// CHECK:         math.roundeven
// CHECK:         arith.fptoui {{.*}} to vector<16xi8>
llm.cache @cache {kv_heads = 2, head_dim = 32, k = "int4 asymmetric channels progressive group=64 residual=64", v = "int4 asymmetric channels progressive group=64 residual=64"}
func.func @f(%x: tensor<?x128xf32>) attributes {kernel.target = "cpu"} {
  %q = kernel.rope_append %x, %x, %x into @cache {heads = 2, offsets = array<i64: 0, 0, 0>, kernel = "append_flashq"}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}

// -----

// Layers whose static scales differ share their code, which reads scale and zero from where each kernel says; a
// cache without a zero has code of its own.
// CHECK:       llvm.mlir.global private constant @layers.1.v(dense<[6.250000e-02, 7.500000e-01]>
// CHECK:       llvm.mlir.global private constant @layers.1.k(dense<[1.250000e-01, 2.500000e-01]>
// CHECK:       llvm.mlir.global private constant @layers.0.v(dense<[3.125000e-02, -1.000000e+00]>
// CHECK:       llvm.mlir.global private constant @layers.0.k(dense<[2.500000e-01, 5.000000e-01]>
// CHECK-LABEL: func.func private @append0.code
// CHECK-SAME:  %[[KEYS:[^:]*]]: !llvm.ptr, %[[VALUES:[^:]*]]: !llvm.ptr) {
// CHECK:       llvm.load %[[KEYS]]
// CHECK:       llvm.load %[[VALUES]]
// CHECK-LABEL: func.func @append0(
// CHECK-NEXT:  %[[K:.*]] = llvm.mlir.addressof @layers.0.k
// CHECK-NEXT:  %[[V:.*]] = llvm.mlir.addressof @layers.0.v
// CHECK-NEXT:  call @append0.code(%{{.*}}, %[[K]], %[[V]])
// CHECK-NEXT:  return
// CHECK-LABEL: func.func @append1(
// CHECK-NEXT:  %[[K:.*]] = llvm.mlir.addressof @layers.1.k
// CHECK-NEXT:  %[[V:.*]] = llvm.mlir.addressof @layers.1.v
// CHECK-NEXT:  call @append0.code(%{{.*}}, %[[K]], %[[V]])
// CHECK-LABEL: func.func private @append2.code
llm.cache @layers.0 {kv_heads = 2, head_dim = 32, k = "int8 static=0.25:0.5", v = "int8 static=0.03125:-1"}
llm.cache @layers.1 {kv_heads = 2, head_dim = 32, k = "int8 static=0.125:0.25", v = "int8 static=0.0625:0.75"}
llm.cache @layers.2 {kv_heads = 2, head_dim = 32, k = "int8 static=0.125:0", v = "int8 static=0.0625:0.75"}
func.func @f(%x: tensor<?x128xf32>) attributes {kernel.target = "cpu"} {
  %0 = kernel.rope_append %x, %x, %x into @layers.0 {heads = 2, offsets = array<i64: 0, 0, 0>, kernel = "append0"}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  %1 = kernel.rope_append %x, %x, %x into @layers.1 {heads = 2, offsets = array<i64: 0, 0, 0>, kernel = "append1"}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  %2 = kernel.rope_append %x, %x, %x into @layers.2 {heads = 2, offsets = array<i64: 0, 0, 0>, kernel = "append2"}
      : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}
