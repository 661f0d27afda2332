// RUN: qopt %s --quantize-weights="type=int4 granularity=group:32 asymmetric=true" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=GROUP
// RUN: qopt %s --quantize-weights="type=int8 granularity=tensor" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=TENSOR
// RUN: qopt %s --quantize-weights="type=fp8_e4m3 granularity=block:32x48" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=BLOCK
// RUN: qopt %s --quantize-weights="type=int8 tensors='model.embed_tokens.weight'" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=TABLE
// Twice is once, and what is fake or only rounded has no codes to compute with.
// RUN: qopt %s --quantize-weights="type=int8 granularity=tensor" --fold-quantization --form-quantized-linears --form-quantized-linears | FileCheck %s --check-prefix=TENSOR
// RUN: qopt %s --quantize-weights="type=int8 mode=fake" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=NONE
// RUN: qopt %s --quantize-weights="type=bf16" --fold-quantization --form-quantized-linears | FileCheck %s --check-prefix=NONE

llm.param @model.embed_tokens.weight : tensor<64x96xf32> = #llm.source<"m.safetensors", "model.embed_tokens.weight">
llm.param @model.layers.0.up.weight : tensor<64x96xf32> = #llm.source<"m.safetensors", "model.layers.0.up.weight">
llm.param @model.layers.0.up.bias : tensor<64xf32> = #llm.source<"m.safetensors", "model.layers.0.up.bias">

// GROUP-LABEL: func.func @forward
// GROUP:         %[[C:.*]] = llm.get @model.layers.0.up.weight.codes : tensor<64x96xi4>
// GROUP:         %[[S:.*]] = llm.get @model.layers.0.up.weight.scales : tensor<64x3xf32>
// GROUP:         %[[Z:.*]] = llm.get @model.layers.0.up.weight.zeros : tensor<64x3xf32>
// GROUP-NOT:     q.dequantize
// GROUP:         q.linear %{{.*}}, %[[C]] scales(%[[S]], %[[Z]] : {{.*}}) bias(%{{.*}} : tensor<64xf32>) {weight_scheme = #{{.*}}} : tensor<?x96xf32>, tensor<64x96xi4> -> tensor<?x64xf32>

// One scale becomes one for each row.
// TENSOR-DAG:  #[[ROW:.*]] = #q.scheme<storage = int8, granularity = row,
// TENSOR-LABEL: func.func @forward
// TENSOR:        %[[S:.*]] = llm.get @model.layers.0.up.weight.scales.rows : tensor<64x1xf32>
// TENSOR:        q.linear %{{.*}}, %{{.*}} scales(%[[S]] : tensor<64x1xf32>) {{.*}}weight_scheme = #[[ROW]]
// TENSOR-LABEL: func.func @load
// TENSOR:        llm.repeat %{{.*}} {times = 64 : i64} : tensor<1x1xf32> -> tensor<64x1xf32>
// TENSOR-NOT:    llm.repeat

// BLOCK-DAG:   #[[GROUPS:.*]] = #q.scheme<storage = fp8_e4m3, granularity = group, block = [1, 48],
// BLOCK-LABEL: func.func @forward
// BLOCK:         q.linear %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<64x2xf32>) {{.*}}weight_scheme = #[[GROUPS]]
// BLOCK:         llm.repeat %{{.*}} {times = 32 : i64} : tensor<2x2xf32> -> tensor<64x2xf32>

// TABLE-LABEL: func.func @forward
// TABLE:         q.embedding %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<64x1xf32>) {{.*}} : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x96xf32>
// TABLE:         llm.linear

// NONE-NOT: q.linear
func.func @forward(%ids: tensor<?xi32>) -> tensor<?x64xf32> {
  %t = llm.get @model.embed_tokens.weight : tensor<64x96xf32>
  %x = llm.embedding %ids, %t : (tensor<?xi32>, tensor<64x96xf32>) -> tensor<?x96xf32>
  %w = llm.get @model.layers.0.up.weight : tensor<64x96xf32>
  %b = llm.get @model.layers.0.up.bias : tensor<64xf32>
  %0 = llm.linear %x, %w bias %b : tensor<?x96xf32>, tensor<64x96xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
