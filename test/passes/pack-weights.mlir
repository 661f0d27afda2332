// RUN: qopt %s -split-input-file --pack-weights | FileCheck %s
// Twice is once.
// RUN: qopt %s -split-input-file --pack-weights --pack-weights | FileCheck %s

// A weight and its bias, in both forms of a function.
llm.param @w : tensor<40x8xbf16> = #llm.source<"m.safetensors", "w">
llm.param @b : tensor<40xf32> = #llm.source<"m.safetensors", "b">
// CHECK:      llm.param @w : tensor<40x8xbf16>
// CHECK-NEXT: llm.param @w.packed : tensor<2x8x32xbf16>
// CHECK-NEXT: llm.param @b : tensor<40xf32>
// CHECK-NEXT: llm.param @b.packed : tensor<2x32xf32>

// CHECK-LABEL: func.func @prefill
// CHECK-SAME:  (%[[X:.*]]: tensor<?x8xf32>)
// CHECK:       %[[W:.*]] = llm.get @w.packed : tensor<2x8x32xbf16>
// CHECK:       %[[B:.*]] = llm.get @b.packed : tensor<2x32xf32>
// CHECK:       llm.linear %[[X]], %[[W]] bias %[[B]] : tensor<?x8xf32>, tensor<2x8x32xbf16>, tensor<2x32xf32> -> tensor<?x40xf32>
func.func @prefill(%x: tensor<?x8xf32>) -> tensor<?x40xf32> {
  %w = llm.get @w : tensor<40x8xbf16>
  %b = llm.get @b : tensor<40xf32>
  %0 = llm.linear %x, %w bias %b : tensor<?x8xf32>, tensor<40x8xbf16>, tensor<40xf32> -> tensor<?x40xf32>
  return %0 : tensor<?x40xf32>
}

// CHECK-LABEL: func.func @decode
// CHECK:       llm.get @w.packed
// CHECK:       llm.get @b.packed
// CHECK:       llm.linear
func.func @decode(%x: tensor<1x8xf32>) -> tensor<1x40xf32> {
  %w = llm.get @w : tensor<40x8xbf16>
  %b = llm.get @b : tensor<40xf32>
  %0 = llm.linear %x, %w bias %b : tensor<1x8xf32>, tensor<40x8xbf16>, tensor<40xf32> -> tensor<1x40xf32>
  return %0 : tensor<1x40xf32>
}

// CHECK-LABEL: func.func @load
// CHECK-NEXT:  %[[W:.*]] = llm.get @w : tensor<40x8xbf16>
// CHECK-NEXT:  %[[P:.*]] = llm.pack %[[W]] : tensor<40x8xbf16> -> tensor<2x8x32xbf16>
// CHECK-NEXT:  llm.set @w.packed, %[[P]]
// CHECK-NEXT:  %[[B:.*]] = llm.get @b : tensor<40xf32>
// CHECK-NEXT:  %[[PB:.*]] = llm.pack %[[B]] : tensor<40xf32> -> tensor<2x32xf32>
// CHECK-NEXT:  llm.set @b.packed, %[[PB]]
// CHECK-NEXT:  return

// -----

// The gate and up projections of a gated MLP are interleaved.
llm.param @gate_up : tensor<24x8xf16> = #llm.source<"m.safetensors", "w">
// CHECK-LABEL: func.func @gated
// CHECK:       %[[W:.*]] = llm.get @gate_up.packed : tensor<1x8x32xf16>
// CHECK:       llm.linear %{{.*}}, %[[W]] {ways = 2 : i64} : tensor<?x8xf32>, tensor<1x8x32xf16> -> tensor<?x24xf32>
func.func @gated(%x: tensor<?x8xf32>) -> tensor<?x12xf32> {
  %w = llm.get @gate_up : tensor<24x8xf16>
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<24x8xf16> -> tensor<?x24xf32>
  %gate = llm.slice %0 at 0 : tensor<?x24xf32> -> tensor<?x12xf32>
  %up = llm.slice %0 at 12 : tensor<?x24xf32> -> tensor<?x12xf32>
  %act = llm.silu %gate : tensor<?x12xf32>
  %m = llm.mul %act, %up : tensor<?x12xf32>
  return %m : tensor<?x12xf32>
}
// CHECK:       llm.pack %{{.*}} {ways = 2 : i64} : tensor<24x8xf16> -> tensor<1x8x32xf16>

// -----

// Not so if a half is used otherwise, or if there is a bias.
llm.param @w : tensor<24x8xf16> = #llm.source<"m.safetensors", "w">
llm.param @v : tensor<24x8xf16> = #llm.source<"m.safetensors", "v">
llm.param @b : tensor<24xf16> = #llm.source<"m.safetensors", "b">
// CHECK-LABEL: func.func @not_gated
// CHECK-NOT:   ways = 2
// CHECK-LABEL: func.func @load
// CHECK-NOT:   ways = 2
func.func @not_gated(%x: tensor<?x8xf32>) -> (tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>) {
  %w = llm.get @w : tensor<24x8xf16>
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<24x8xf16> -> tensor<?x24xf32>
  %gate = llm.slice %0 at 0 : tensor<?x24xf32> -> tensor<?x12xf32>
  %up = llm.slice %0 at 12 : tensor<?x24xf32> -> tensor<?x12xf32>
  %act = llm.silu %gate : tensor<?x12xf32>
  %m = llm.mul %act, %up : tensor<?x12xf32>
  %v = llm.get @v : tensor<24x8xf16>
  %b = llm.get @b : tensor<24xf16>
  %1 = llm.linear %x, %v bias %b : tensor<?x8xf32>, tensor<24x8xf16>, tensor<24xf16> -> tensor<?x24xf32>
  %gate1 = llm.slice %1 at 0 : tensor<?x24xf32> -> tensor<?x12xf32>
  %up1 = llm.slice %1 at 12 : tensor<?x24xf32> -> tensor<?x12xf32>
  %act1 = llm.silu %gate1 : tensor<?x12xf32>
  %m1 = llm.mul %act1, %up1 : tensor<?x12xf32>
  return %up, %m, %m1 : tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>
}

// -----

// A table that is also the head's weight; one that is not stays as it is.
llm.param @tied : tensor<40x8xf32> = #llm.source<"m.safetensors", "w">
llm.param @positions : tensor<16x8xf32> = #llm.source<"m.safetensors", "p">
// CHECK-LABEL: func.func @tied_head
// CHECK:       %[[T:.*]] = llm.get @tied.packed : tensor<2x8x32xf32>
// CHECK:       llm.embedding %{{.*}}, %[[T]] : (tensor<?xi32>, tensor<2x8x32xf32>) -> tensor<?x8xf32>
// CHECK:       llm.get @positions : tensor<16x8xf32>
// CHECK:       %[[H:.*]] = llm.get @tied.packed : tensor<2x8x32xf32>
// CHECK:       llm.linear %{{.*}}, %[[H]] : tensor<?x8xf32>, tensor<2x8x32xf32> -> tensor<?x40xf32>
func.func @tied_head(%i: tensor<?xi32>) -> tensor<?x40xf32> {
  %t = llm.get @tied : tensor<40x8xf32>
  %0 = llm.embedding %i, %t : (tensor<?xi32>, tensor<40x8xf32>) -> tensor<?x8xf32>
  %p = llm.get @positions : tensor<16x8xf32>
  %1 = llm.embedding %i, %p : (tensor<?xi32>, tensor<16x8xf32>) -> tensor<?x8xf32>
  %2 = llm.add %0, %1 : tensor<?x8xf32>
  %w = llm.get @tied : tensor<40x8xf32>
  %3 = llm.linear %2, %w : tensor<?x8xf32>, tensor<40x8xf32> -> tensor<?x40xf32>
  return %3 : tensor<?x40xf32>
}
