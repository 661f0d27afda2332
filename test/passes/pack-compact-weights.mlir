// RUN: qopt %s -split-input-file --pack-weights="compact=true" | FileCheck %s
// Twice is once.
// RUN: qopt %s -split-input-file --pack-weights="compact=true" --pack-weights="compact=true" | FileCheck %s
// RUN: qopt %s -split-input-file --pack-weights | FileCheck %s --check-prefix=PLAIN
// PLAIN-NOT: q.compact

// Q4_0: scales that f16 represents are f16; codes share bytes already.
#q4_0 = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = symmetric, divisor = 8.0 : f64,
                  range = [-8, 7], rounding = half_away, arithmetic = ggml, scale = f16,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi4>
llm.param @w.scales : tensor<64x3xf32>
// CHECK-LABEL: func.func @halves
// CHECK:         %[[C:.*]] = llm.get @w.codes.packed : tensor<2x48x32xi8>
// CHECK:         %[[S:.*]] = llm.get @w.scales.packed : tensor<2x3x32xf16>
// CHECK:         q.linear %{{.*}}, %[[C]] scales(%[[S]] : tensor<2x3x32xf16>)
// CHECK-LABEL: func.func @load
// CHECK:         llm.pack %{{.*}} : tensor<64x96xi4> -> tensor<2x48x32xi8>
// CHECK:         %[[F:.*]] = q.compact %{{.*}} {scheme = #{{.*}}} : tensor<64x3xf32> -> tensor<64x3xf16>
// CHECK:         llm.pack %[[F]] : tensor<64x3xf16> -> tensor<2x3x32xf16>
func.func @halves(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %c = llm.get @w.codes : tensor<64x96xi4>
  %s = llm.get @w.scales : tensor<64x3xf32>
  %0 = q.linear %x, %c scales(%s : tensor<64x3xf32>) {weight_scheme = #q4_0} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

// Q6_K: four codes in three bytes, scales as multiples of an f16 for 256 columns; tables and linears alike.
#q6_k = #q.scheme<storage = int8, granularity = group, block = [1, 16], zero = symmetric, divisor = 32.0 : f64,
                  range = [-32, 31], rounding = half_away, arithmetic = ggml, scale = f16_multiple,
                  min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @t.codes : tensor<61x512xi8>
llm.param @t.scales : tensor<61x32xf32>
// CHECK-LABEL: func.func @embed
// CHECK:         q.embedding %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<2x36x32xi8>) {{.*}} : tensor<?xi32>, tensor<2x384x32xi8> -> tensor<?x512xf32>
// CHECK-LABEL: func.func @head
// CHECK:         q.linear %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<2x36x32xi8>) {{.*}} : tensor<?x512xf32>, tensor<2x384x32xi8> -> tensor<?x61xf32>
// CHECK-LABEL: func.func @load
// CHECK:         %[[C:.*]] = q.compact %{{.*}} {scheme = #{{.*}}} : tensor<61x512xi8> -> tensor<61x384xi8>
// CHECK:         llm.pack %[[C]] : tensor<61x384xi8> -> tensor<2x384x32xi8>
// CHECK:         %[[S:.*]] = q.compact %{{.*}} {scheme = #{{.*}}} : tensor<61x32xf32> -> tensor<61x36xi8>
// CHECK:         llm.pack %[[S]] : tensor<61x36xi8> -> tensor<2x36x32xi8>
func.func @embed(%ids: tensor<?xi32>) -> tensor<?x512xf32> {
  %c = llm.get @t.codes : tensor<61x512xi8>
  %s = llm.get @t.scales : tensor<61x32xf32>
  %0 = q.embedding %ids, %c scales(%s : tensor<61x32xf32>) {scheme = #q6_k} : tensor<?xi32>, tensor<61x512xi8> -> tensor<?x512xf32>
  return %0 : tensor<?x512xf32>
}
func.func @head(%x: tensor<?x512xf32>) -> tensor<?x61xf32> {
  %c = llm.get @t.codes : tensor<61x512xi8>
  %s = llm.get @t.scales : tensor<61x32xf32>
  %0 = q.linear %x, %c scales(%s : tensor<61x32xf32>) {weight_scheme = #q6_k} : tensor<?x512xf32>, tensor<61x512xi8> -> tensor<?x61xf32>
  return %0 : tensor<?x61xf32>
}

// -----

// Nothing is denser than codes of 8 bits with f32 scales.
#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @r.codes : tensor<64x96xi8>
llm.param @r.scales : tensor<64x1xf32>
// CHECK-LABEL: func.func @plain
// CHECK:         q.linear %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<2x1x32xf32>) {{.*}} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32>
// CHECK-LABEL: func.func @load
// CHECK-NOT:     q.compact
func.func @plain(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %c = llm.get @r.codes : tensor<64x96xi8>
  %s = llm.get @r.scales : tensor<64x1xf32>
  %0 = q.linear %x, %c scales(%s : tensor<64x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
