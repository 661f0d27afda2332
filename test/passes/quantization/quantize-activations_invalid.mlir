// Each run fails with one error that says what would work.
// RUN: not qopt %s --quantize-activations="type=int4" 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: activations have no type 'int4'; int8, fp8_e4m3 and fp8_e5m2 are known
// RUN: not qopt %s --quantize-activations="dynamic=row" 2>&1 | FileCheck %s --check-prefix=DYNAMIC
// DYNAMIC: error: unknown dynamic='row'; token, tensor and group:N are known
// RUN: not qopt %s --quantize-activations="dynamic=group:128" 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: group size 128 does not divide columns 96 of 'input of model.layers.0.mlp.up_proj.weight' [1, 96]; 16, 32 would
// RUN: not qopt %s --quantize-activations="type=fp8_e4m3 preset=ggml" 2>&1 | FileCheck %s --check-prefix=PRESET
// PRESET: error: preset ggml has no fp8_e4m3; it defines int8 and int4
// RUN: not qopt %s --quantize-activations="tensors='lm_head.weight'" 2>&1 | FileCheck %s --check-prefix=PLAIN
// PLAIN: error: quantize-activations type=int8 dynamic=token tensors='lm_head.weight' selects no linear with a quantized weight
// RUN: not qopt %s --quantize-activations="static=max" 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: error: static scales are computed from a profile: static=max and profile=FILE belong together
// RUN: not qopt %s --quantize-activations="static=max dynamic=token profile=p" 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: scales are dynamic or static, not both
// RUN: not qopt %s --quantize-activations="static=median profile=p" 2>&1 | FileCheck %s --check-prefix=METHOD
// METHOD: error: {{.*}}max{{.*}}percentile{{.*}}mse{{.*}}entropy
// RUN: not qopt %s --quantize-activations="layers=7" 2>&1 | FileCheck %s --check-prefix=LAYER
// LAYER: error: quantize-activations type=int8 dynamic=token layers='7' selects no linear
// RUN: not qopt %s --quantize-activations="layers=3-1" 2>&1 | FileCheck %s --check-prefix=RANGE
// RANGE: error: layers='3-1': the range '3-1' is empty
// RUN: not qopt %s --quantize-activations="skip='('" 2>&1 | FileCheck %s --check-prefix=REGEX
// REGEX: error: skip='(' is no regular expression

#weight = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                    range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                    min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @up_proj : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.0.mlp.up_proj.weight">
llm.param @lm_head : tensor<32x64xbf16> = #llm.source<"m.safetensors", "lm_head.weight">

func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x32xf32> {
  %0 = llm.get @up_proj : tensor<64x96xbf16>
  %c, %s = q.quantize %0 {scheme = #weight} : tensor<64x96xbf16> -> tensor<64x96xi8>, tensor<64x1xf32>
  %w = q.dequantize %c, %s {scheme = #weight} : tensor<64x96xi8>, tensor<64x1xf32> -> tensor<64x96xf32>
  %1 = llm.linear %x, %w : tensor<?x96xf32>, tensor<64x96xf32> -> tensor<?x64xf32>
  %2 = llm.get @lm_head : tensor<32x64xbf16>
  %3 = llm.linear %1, %2 : tensor<?x64xf32>, tensor<32x64xbf16> -> tensor<?x32xf32>
  return %3 : tensor<?x32xf32>
}
