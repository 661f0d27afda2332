// Each run fails with one error that says what would work.
// RUN: not qopt %s --quantize-weights="type=int3" 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: unknown type 'int3'; int8, int4, fp8_e4m3, fp8_e5m2, nvfp4, mxfp4, q8_0, q4_0, q4_1, q5_0, q5_1, q4_k, q5_k, q6_k, bf16 and f16 are known
// RUN: not qopt %s --quantize-weights="type=int8 granularity=group:128" 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: group size 128 does not divide columns 96 of 'model.layers.0.mlp.up_proj.weight' [64, 96]; 16, 32 would
// RUN: not qopt %s --quantize-weights="type=int8 granularity=column" 2>&1 | FileCheck %s --check-prefix=GRANULARITY
// GRANULARITY: error: unknown granularity 'column'; tensor, row, group:N and block:RxC are known
// RUN: not qopt %s --quantize-weights="type=fp8_e4m3 asymmetric=true" 2>&1 | FileCheck %s --check-prefix=ASYMMETRIC
// ASYMMETRIC: error: fp8_e4m3 has a sign and no zero point: asymmetric quantization needs int8 or int4
// RUN: not qopt %s --quantize-weights="tensors='down_proj'" 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: quantize-weights type=int8 tensors='down_proj' selects no tensor; names are those of the checkpoint, whole
// RUN: not qopt %s --quantize-weights="layers=7" 2>&1 | FileCheck %s --check-prefix=LAYER
// LAYER: error: quantize-weights type=int8 layers='7' selects no tensor
// RUN: not qopt %s --quantize-weights="layers=3-1" 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: error: layers='3-1': the range '3-1' is empty
// RUN: not qopt %s --quantize-weights="tensors='('" 2>&1 | FileCheck %s --check-prefix=REGEX
// REGEX: error: tensors='(' is no regular expression
// RUN: not qopt %s --quantize-weights="type=int8 tensors='model.norm.weight'" 2>&1 | FileCheck %s --check-prefix=VECTOR
// VECTOR: error: 'model.norm.weight' is a vector 'tensor<64xbf16>': int8 needs a matrix; bf16 and f16 round vectors too
// RUN: not qopt %s --quantize-weights="mode=both" 2>&1 | FileCheck %s --check-prefix=MODE
// MODE: error: unknown mode 'both'; real and fake are known
// RUN: not qopt %s --quantize-weights="preset=mine" 2>&1 | FileCheck %s --check-prefix=PRESET
// PRESET: error: unknown preset 'mine'; default, torchao, ggml, modelopt, study are known
// RUN: not qopt %s --quantize-weights="type=bf16 granularity=row" 2>&1 | FileCheck %s --check-prefix=ROUND
// ROUND: error: bf16 only rounds and has no scales: granularity 'row' makes no sense

llm.param @model.layers.0.mlp.up_proj.weight : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.0.mlp.up_proj.weight">
llm.param @model.norm.weight : tensor<64xbf16> = #llm.source<"m.safetensors", "model.norm.weight">

func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %0 = llm.get @model.layers.0.mlp.up_proj.weight : tensor<64x96xbf16>
  %1 = llm.linear %x, %0 : tensor<?x96xf32>, tensor<64x96xbf16> -> tensor<?x64xf32>
  %2 = llm.get @model.norm.weight : tensor<64xbf16>
  %3 = llm.rms_norm %1, %2 {eps = 1.0e-6 : f64} : tensor<?x64xf32>, tensor<64xbf16>
  return %3 : tensor<?x64xf32>
}
