// What is left alone, and why.
// RUN: qopt %s -split-input-file -verify-diagnostics --pack-weights | FileCheck %s
// CHECK-NOT: packed

llm.param @w : tensor<8x8xf32> = #llm.splat<1.0>
llm.param @norm : tensor<8xf32> = #llm.splat<1.0>
func.func @bias_is_a_norm(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %n = llm.get @norm : tensor<8xf32>
  %0 = llm.rms_norm %x, %n {eps = 1.0e-5} : tensor<?x8xf32>, tensor<8xf32>
  %w = llm.get @w : tensor<8x8xf32>
  // expected-remark @+1 {{not packed: norm is read by llm.rms_norm, too}}
  %1 = llm.linear %0, %w bias %n : tensor<?x8xf32>, tensor<8x8xf32>, tensor<8xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{not packed: w has a reader that needs it as it is}}
  %2 = llm.linear %0, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %1, %2 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

func.func @argument(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  // expected-remark @+1 {{not packed: its weight is computed where it is used}}
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
