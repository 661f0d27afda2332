// RUN: qopt %s -split-input-file --pack-weights | FileCheck %s
// Twice is once.
// RUN: qopt %s -split-input-file --pack-weights --pack-weights | FileCheck %s

// Codes of 4 bits share bytes; gate and up are interleaved in codes, scales and zeros alike.
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w.codes : tensor<64x96xi4>
llm.param @w.scales : tensor<64x3xf32>
llm.param @w.zeros : tensor<64x3xf32>
// CHECK-LABEL: func.func @gated
// CHECK:         %[[C:.*]] = llm.get @w.codes.packed : tensor<2x48x32xi8>
// CHECK:         %[[S:.*]] = llm.get @w.scales.packed : tensor<2x3x32xf32>
// CHECK:         %[[Z:.*]] = llm.get @w.zeros.packed : tensor<2x3x32xf32>
// CHECK:         q.linear %{{.*}}, %[[C]] scales(%[[S]], %[[Z]] : {{.*}}) {ways = 2 : i64, weight_scheme
// CHECK-LABEL: func.func @load
// CHECK:         llm.pack %{{.*}} {ways = 2 : i64} : tensor<64x96xi4> -> tensor<2x48x32xi8>
// CHECK:         llm.pack %{{.*}} {ways = 2 : i64} : tensor<64x3xf32> -> tensor<2x3x32xf32>
// CHECK:         llm.pack %{{.*}} {ways = 2 : i64} : tensor<64x3xf32> -> tensor<2x3x32xf32>
func.func @gated(%x: tensor<?x96xf32>) -> tensor<?x32xf32> {
  %c = llm.get @w.codes : tensor<64x96xi4>
  %s = llm.get @w.scales : tensor<64x3xf32>
  %z = llm.get @w.zeros : tensor<64x3xf32>
  %0 = q.linear %x, %c scales(%s, %z : tensor<64x3xf32>, tensor<64x3xf32>) {weight_scheme = #group}
      : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>
  %gate = llm.slice %0 at 0 : tensor<?x64xf32> -> tensor<?x32xf32>
  %up = llm.slice %0 at 32 : tensor<?x64xf32> -> tensor<?x32xf32>
  %1 = llm.silu %gate : tensor<?x32xf32>
  %2 = llm.mul %1, %up : tensor<?x32xf32>
  return %2 : tensor<?x32xf32>
}

// -----

// A table of codes is packed, whether a head shares it or not; both read one parameter.
#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @t.codes : tensor<61x96xi8>
llm.param @t.scales : tensor<61x1xf32>
// CHECK-LABEL: func.func @embed
// CHECK:         %[[C:.*]] = llm.get @t.codes.packed : tensor<2x96x32xi8>
// CHECK:         %[[S:.*]] = llm.get @t.scales.packed : tensor<2x1x32xf32>
// CHECK:         q.embedding %{{.*}}, %[[C]] scales(%[[S]] : tensor<2x1x32xf32>)
func.func @embed(%ids: tensor<?xi32>) -> tensor<?x96xf32> {
  %c = llm.get @t.codes : tensor<61x96xi8>
  %s = llm.get @t.scales : tensor<61x1xf32>
  %0 = q.embedding %ids, %c scales(%s : tensor<61x1xf32>) {scheme = #row} : tensor<?xi32>, tensor<61x96xi8> -> tensor<?x96xf32>
  return %0 : tensor<?x96xf32>
}
// CHECK-LABEL: func.func @head
// CHECK:         llm.get @t.codes.packed
// CHECK:         q.linear %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<2x1x32xf32>) {{.*}} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x61xf32>
func.func @head(%x: tensor<?x96xf32>) -> tensor<?x61xf32> {
  %c = llm.get @t.codes : tensor<61x96xi8>
  %s = llm.get @t.scales : tensor<61x1xf32>
  %0 = q.linear %x, %c scales(%s : tensor<61x1xf32>) {weight_scheme = #row} : tensor<?x96xf32>, tensor<61x96xi8> -> tensor<?x61xf32>
  return %0 : tensor<?x61xf32>
}
// CHECK-LABEL: func.func @load
// CHECK-COUNT-2: llm.pack
// CHECK-NOT:     llm.pack
