// What is left alone, and why.
// RUN: qopt %s -split-input-file -verify-diagnostics --fuse-projections | FileCheck %s
// CHECK-NOT: llm.slice
// CHECK-NOT: llm.concat

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#group64 = #q.scheme<storage = int4, granularity = group, block = [1, 64], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @a.codes : tensor<16x64xi4>
llm.param @a.scales : tensor<16x2xf32>
llm.param @a.zeros : tensor<16x2xf32>
llm.param @b.codes : tensor<16x64xi4>
llm.param @b.scales : tensor<16x1xf32>
llm.param @b.zeros : tensor<16x1xf32>
func.func @schemes(%x: tensor<?x64xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %ac = llm.get @a.codes : tensor<16x64xi4>
  %as = llm.get @a.scales : tensor<16x2xf32>
  %az = llm.get @a.zeros : tensor<16x2xf32>
  // expected-remark @+1 {{not fused with the 1 other linears of the same input: the weights or inputs have different schemes}}
  %a = q.linear %x, %ac scales(%as, %az : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  %bc = llm.get @b.codes : tensor<16x64xi4>
  %bs = llm.get @b.scales : tensor<16x1xf32>
  %bz = llm.get @b.zeros : tensor<16x1xf32>
  %b = q.linear %x, %bc scales(%bs, %bz : tensor<16x1xf32>, tensor<16x1xf32>) {weight_scheme = #group64} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  return %a, %b : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @a.codes : tensor<16x64xi4>
llm.param @a.scales : tensor<16x2xf32>
llm.param @a.zeros : tensor<16x2xf32>
llm.param @b : tensor<16x64xbf16> = #llm.splat<1.0>
func.func @kinds(%x: tensor<?x64xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %ac = llm.get @a.codes : tensor<16x64xi4>
  %as = llm.get @a.scales : tensor<16x2xf32>
  %az = llm.get @a.zeros : tensor<16x2xf32>
  // expected-remark @+1 {{only some are quantized}}
  %a = q.linear %x, %ac scales(%as, %az : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  %w = llm.get @b : tensor<16x64xbf16>
  %b = llm.linear %x, %w : tensor<?x64xf32>, tensor<16x64xbf16> -> tensor<?x16xf32>
  return %a, %b : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @a.codes : tensor<16x64xi4>
llm.param @a.scales : tensor<16x2xf32>
llm.param @a.zeros : tensor<16x2xf32>
llm.param @b.codes : tensor<16x64xi4>
llm.param @b.scales : tensor<16x2xf32>
llm.param @b.zeros : tensor<16x2xf32>
func.func @shared(%x: tensor<?x64xf32>, %y: tensor<?x64xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>) {
  %ac = llm.get @a.codes : tensor<16x64xi4>
  %as = llm.get @a.scales : tensor<16x2xf32>
  %az = llm.get @a.zeros : tensor<16x2xf32>
  // expected-remark @+1 {{a weight is not a parameter or has other readers, too}}
  %a = q.linear %x, %ac scales(%as, %az : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  %bc = llm.get @b.codes : tensor<16x64xi4>
  %bs = llm.get @b.scales : tensor<16x2xf32>
  %bz = llm.get @b.zeros : tensor<16x2xf32>
  %b = q.linear %x, %bc scales(%bs, %bz : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  %other = q.linear %y, %bc scales(%as, %bz : tensor<16x2xf32>, tensor<16x2xf32>) {weight_scheme = #group} : tensor<?x64xf32>, tensor<16x64xi4> -> tensor<?x16xf32>
  return %a, %b, %other : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}
