// What @load computes and what kernels take passes unchanged.
// RUN: qopt %s --quantize-weights="mode=fake" --fold-quantization --require-kernels | FileCheck %s

llm.param @model.layers.0.up.weight : tensor<64x96xf32> = #llm.source<"m.safetensors", "model.layers.0.up.weight">

// CHECK-LABEL: func.func @forward
func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  // CHECK: %[[W:.*]] = llm.get @model.layers.0.up.weight.dequantized
  // CHECK: llm.linear %{{.*}}, %[[W]]
  %0 = llm.get @model.layers.0.up.weight : tensor<64x96xf32>
  %1 = llm.linear %x, %0 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}
