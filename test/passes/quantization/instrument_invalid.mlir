// Each run fails with one error.
// RUN: not qopt %s --quantize-weights="type=int8" --instrument 2>&1 | FileCheck %s --check-prefix=QUANTIZED
// QUANTIZED: error: is quantized: run --instrument on the original model, without quantization
// RUN: not qopt %s --instrument --quantize-weights="type=int8" --fold-quantization 2>&1 | FileCheck %s --check-prefix=LATER
// LATER: error: is observed in a quantized model: run --instrument on the original, and quantize without it
// RUN: not qopt %s --quantize-weights="type=int8 mode=fake" --fold-quantization --instrument 2>&1 | FileCheck %s --check-prefix=QUANTIZED
// RUN: not qopt %s --instrument --instrument 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: error: is observed already
// RUN: not qopt %s --pack-weights --instrument 2>&1 | FileCheck %s --check-prefix=PACKED
// PACKED: error: has no weight of the checkpoint: run --instrument before other passes
// RUN: echo 'module attributes {llm.checkpoint = "nowhere"} { llm.param @w : tensor<2x2xf32> = #llm.source<"m.safetensors", "w"> func.func @forward(%%x: tensor<?x2xf32>) { %%w = llm.get @w : tensor<2x2xf32> %%y = llm.linear %%x, %%w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> return } }' | not qopt - --instrument 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}m.safetensors
// RUN: echo 'module {}' | not qopt - --instrument 2>&1 | FileCheck %s --check-prefix=NOTHING
// NOTHING: error: has no llm.linear whose input could be observed

llm.param @layers.0.up.weight : tensor<64x32xf32> = #llm.random<seed = 1, deviation = 1.0>
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x64xf32> {
  %w = llm.get @layers.0.up.weight : tensor<64x32xf32>
  %0 = llm.linear %x, %w : tensor<?x32xf32>, tensor<64x32xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
