// What is left alone, and why.
// RUN: qopt %s -split-input-file -verify-diagnostics --fuse-projections | FileCheck %s
// CHECK-NOT: llm.slice
// CHECK-NOT: llm.concat

llm.param @a : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @b : tensor<16x8xbf16> = #llm.splat<1.0>
func.func @types(%x: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %a = llm.get @a : tensor<16x8xf16>
  // expected-remark @+1 {{not fused with the 1 other linears of the same input: the weights have different types}}
  %0 = llm.linear %x, %a : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %b = llm.get @b : tensor<16x8xbf16>
  %1 = llm.linear %x, %b : tensor<?x8xf32>, tensor<16x8xbf16> -> tensor<?x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

llm.param @a : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @b : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @bias : tensor<16xf16> = #llm.splat<1.0>
func.func @biases(%x: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %a = llm.get @a : tensor<16x8xf16>
  // expected-remark @+1 {{only some have a bias}}
  %0 = llm.linear %x, %a : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %b = llm.get @b : tensor<16x8xf16>
  %bias = llm.get @bias : tensor<16xf16>
  %1 = llm.linear %x, %b bias %bias : tensor<?x8xf32>, tensor<16x8xf16>, tensor<16xf16> -> tensor<?x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

llm.param @a : tensor<16x8xf16> = #llm.splat<1.0>
llm.param @b : tensor<16x8xf16> = #llm.splat<1.0>
func.func @shared(%x: tensor<?x8xf32>, %i: tensor<?xi32>) -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x8xf32>) {
  %a = llm.get @a : tensor<16x8xf16>
  // expected-remark @+1 {{a weight is not a parameter or has other readers, too}}
  %0 = llm.linear %x, %a : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %b = llm.get @b : tensor<16x8xf16>
  %1 = llm.linear %x, %b : tensor<?x8xf32>, tensor<16x8xf16> -> tensor<?x16xf32>
  %table = llm.get @b : tensor<16x8xf16>
  %2 = llm.embedding %i, %table : (tensor<?xi32>, tensor<16x8xf16>) -> tensor<?x8xf32>
  return %0, %1, %2 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x8xf32>
}

// -----

llm.param @a : tensor<1x8x32xf16> = #llm.splat<1.0>
llm.param @b : tensor<1x8x32xf16> = #llm.splat<1.0>
func.func @packed(%x: tensor<?x8xf32>) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %a = llm.get @a : tensor<1x8x32xf16>
  // expected-remark @+1 {{a weight is packed already}}
  %0 = llm.linear %x, %a : tensor<?x8xf32>, tensor<1x8x32xf16> -> tensor<?x16xf32>
  %b = llm.get @b : tensor<1x8x32xf16>
  %1 = llm.linear %x, %b : tensor<?x8xf32>, tensor<1x8x32xf16> -> tensor<?x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}
