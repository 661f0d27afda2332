// Codes, scales and zeros of quantized linears are stacked as weights are.
// RUN: qopt %s --fuse-projections | FileCheck %s

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @a.q_proj.weight.codes : tensor<16x64xi4>
llm.param @a.q_proj.weight.scales : tensor<16x2xf32>
llm.param @a.q_proj.weight.zeros : tensor<16x2xf32>
llm.param @a.k_proj.weight.codes : tensor<8x64xi4>
llm.param @a.k_proj.weight.scales : tensor<8x2xf32>
llm.param @a.k_proj.weight.zeros : tensor<8x2xf32>

// CHECK-LABEL: func.func @forward
// CHECK-SAME:    (%[[X:.*]]: tensor<?x64xf32>)
// CHECK:         %[[C:.*]] = llm.get @a.qk_proj.weight.codes : tensor<24x64xi4>
// CHECK:         %[[S:.*]] = llm.get @a.qk_proj.weight.scales : tensor<24x2xf32>
// CHECK:         %[[Z:.*]] = llm.get @a.qk_proj.weight.zeros : tensor<24x2xf32>
// CHECK:         %[[Y:.*]] = q.linear %[[X]], %[[C]] scales(%[[S]], %[[Z]] : tensor<24x2xf32>, tensor<24x2xf32>) {{.*}} : tensor<?x64xf32>, tensor<24x64xi4> -> tensor<?x24xf32>
// CHECK:         %[[Q:.*]] = llm.slice %[[Y]] at 0 : tensor<?x24xf32> -> tensor<?x16xf32>
// CHECK:         %[[K:.*]] = llm.slice %[[Y]] at 16 : tensor<?x24xf32> -> tensor<?x8xf32>
// CHECK:         return %[[Q]], %[[K]]
// CHECK-LABEL: func.func @load
// CHECK:         llm.concat {{.*}} : tensor<16x64xi4>, tensor<8x64xi4> -> tensor<24x64xi4>
// CHECK:         llm.concat {{.*}} : tensor<16x2xf32>, tensor<8x2xf32> -> tensor<24x2xf32>
// CHECK:         llm.concat {{.*}} : tensor<16x2xf32>, tensor<8x2xf32> -> tensor<24x2xf32>
func.func @forward(%x: tensor<?x64xf32>) -> (tensor<?x16xf32>, tensor<?x8xf32>) {
  %qc = llm.get @a.q_proj.weight.codes : tensor<16x64xi4>
  %qs = llm.get @a.q_proj.weight.scales : tensor<16x2xf32>
  %qz = llm.get @a.q_proj.weight.zeros : tensor<16x2xf32>
  %q = q.linear %x, %qc scales(%qs, %qz : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group}
      : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32> loc("a.q_proj")
  %kc = llm.get @a.k_proj.weight.codes : tensor<8x64xi4>
  %ks = llm.get @a.k_proj.weight.scales : tensor<8x2xf32>
  %kz = llm.get @a.k_proj.weight.zeros : tensor<8x2xf32>
  %k = q.linear %x, %kc scales(%ks, %kz : tensor<8x2xf32>, tensor<8x2xf32>) {weight_scheme = #group}
      : tensor<?x64xf32>, tensor<8x64xi4> -> tensor<?x8xf32> loc("a.k_proj")
  return %q, %k : tensor<?x16xf32>, tensor<?x8xf32>
}
