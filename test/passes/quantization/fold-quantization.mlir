// RUN: qopt %s --quantize-weights="type=int8" --fold-quantization | FileCheck %s --check-prefix=REAL
// RUN: qopt %s --quantize-weights="type=int4 granularity=group:32 asymmetric=true mode=fake" --fold-quantization | FileCheck %s --check-prefix=FAKE
// RUN: qopt %s --quantize-weights="type=bf16" --fold-quantization | FileCheck %s --check-prefix=ROUND

// REAL-DAG: llm.param @model.layers.0.mlp.up_proj.weight.codes : tensor<64x96xi8>
// REAL-DAG: llm.param @model.layers.0.mlp.up_proj.weight.scales : tensor<64x1xf32>
// FAKE: llm.param @model.layers.0.mlp.up_proj.weight.dequantized : tensor<64x96xf32>
// ROUND: llm.param @model.layers.0.mlp.up_proj.weight.rounded : tensor<64x96xbf16>
llm.param @model.layers.0.mlp.up_proj.weight : tensor<64x96xf32> = #llm.source<"m.safetensors", "model.layers.0.mlp.up_proj.weight">

func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %0 = llm.get @model.layers.0.mlp.up_proj.weight : tensor<64x96xf32>
  %1 = llm.linear %x, %0 : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  return %1 : tensor<?x64xf32>
}

// Real: codes and scales are parameters, the model dequantizes.
// REAL-LABEL: func.func @forward
// REAL-NOT:   q.quantize
// REAL:       %[[C:.*]] = llm.get @model.layers.0.mlp.up_proj.weight.codes
// REAL:       %[[S:.*]] = llm.get @model.layers.0.mlp.up_proj.weight.scales
// REAL:       %[[W:.*]] = q.dequantize %[[C]], %[[S]]
// REAL:       llm.linear %{{.*}}, %[[W]]
// REAL-LABEL: func.func @load
// REAL:       %[[Q:.*]], %[[P:.*]] = q.quantize
// REAL:       llm.set @model.layers.0.mlp.up_proj.weight.codes, %[[Q]]
// REAL:       llm.set @model.layers.0.mlp.up_proj.weight.scales, %[[P]]

// Fake: the dequantized values are the parameter.
// FAKE-LABEL: func.func @forward
// FAKE-NOT:   q.
// FAKE:       %[[W:.*]] = llm.get @model.layers.0.mlp.up_proj.weight.dequantized : tensor<64x96xf32>
// FAKE:       llm.linear %{{.*}}, %[[W]]
// FAKE-LABEL: func.func @load
// FAKE:       %[[Q:.*]], %[[P:.*]]:2 = q.quantize
// FAKE:       %[[D:.*]] = q.dequantize %[[Q]], %[[P]]#0, %[[P]]#1 {fake
// FAKE:       llm.set @model.layers.0.mlp.up_proj.weight.dequantized, %[[D]]

// A type that only rounds needs no dequantize.
// ROUND-LABEL: func.func @forward
// ROUND-NOT:   q.
// ROUND:       llm.get @model.layers.0.mlp.up_proj.weight.rounded : tensor<64x96xbf16>
// ROUND-LABEL: func.func @load
// ROUND:       q.quantize
// ROUND-NOT:   q.dequantize
