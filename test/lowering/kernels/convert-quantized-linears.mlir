// RUN: qopt %s --convert-llm-to-kernel=target=cpu --fuse-epilogues --name-kernels | FileCheck %s

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @t.codes : tensor<2x96x32xi8>
llm.param @t.scales : tensor<2x1x32xf32>
llm.param @w.codes : tensor<4x48x32xi8>
llm.param @w.scales : tensor<4x3x32xf32>
llm.param @w.zeros : tensor<4x3x32xf32>
llm.param @b : tensor<2x32xf32>

// CHECK-LABEL: func.func @forward.cpu
// CHECK:         %[[T:.*]] = llm.get @t.codes
// CHECK:         %[[S:.*]] = llm.get @t.scales
// CHECK:         %[[X:.*]] = kernel.gather %[[T]] scales(%[[S]] : tensor<2x1x32xf32>) at %{{.*}} {kernel = "gather_96_int8_packed", table_scheme = #{{.*}}}
// CHECK:         %[[C:.*]] = llm.get @w.codes
// CHECK:         %[[G:.*]] = llm.get @w.scales
// CHECK:         %[[Z:.*]] = llm.get @w.zeros
// One product for both halves, the gated activation in its epilogue.
// CHECK:         kernel.matmul %[[X]], %[[C]] scales(%[[G]], %[[Z]] : tensor<4x3x32xf32>, tensor<4x3x32xf32>) ways 2 {columns = 64 : i64, kernel = "matmul_128x96_int4_g32_zero_silu_gate", weight_scheme = #{{.*}}}
// CHECK:           arith.mulf
// CHECK-NOT:     kernel.map
// CHECK:         kernel.matmul %{{.*}}, %[[T]] scales(%[[S]] : tensor<2x1x32xf32>) ways 1 extras(%{{.*}} : tensor<2x32xf32>) {columns = 64 : i64, kernel = "matmul_64x96_int8_bias", weight_scheme
func.func @forward(%ids: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %t = llm.get @t.codes : tensor<2x96x32xi8>
  %s = llm.get @t.scales : tensor<2x1x32xf32>
  %x = q.embedding %ids, %t scales(%s : tensor<2x1x32xf32>) {scheme = #row} : tensor<?xi32>, tensor<2x96x32xi8> -> tensor<?x96xf32>
  %c = llm.get @w.codes : tensor<4x48x32xi8>
  %g = llm.get @w.scales : tensor<4x3x32xf32>
  %z = llm.get @w.zeros : tensor<4x3x32xf32>
  %0 = q.linear %x, %c scales(%g, %z : tensor<4x3x32xf32>, tensor<4x3x32xf32>) {weight_scheme = #group, ways = 2}
      : tensor<?x96xf32>, tensor<4x48x32xi8> -> tensor<?x128xf32>
  %gate = llm.slice %0 at 0 : tensor<?x128xf32> -> tensor<?x64xf32>
  %up = llm.slice %0 at 64 : tensor<?x128xf32> -> tensor<?x64xf32>
  %1 = llm.silu %gate : tensor<?x64xf32>
  %2 = llm.mul %1, %up : tensor<?x64xf32>
  %b = llm.get @b : tensor<2x32xf32>
  %3 = q.linear %x, %t scales(%s : tensor<2x1x32xf32>) bias(%b : tensor<2x32xf32>) {weight_scheme = #row}
      : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  return %2, %3 : tensor<?x64xf32>, tensor<?x64xf32>
}
