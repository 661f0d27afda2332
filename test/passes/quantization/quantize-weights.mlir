// RUN: qopt %s --quantize-weights="type=int8 granularity=row" 2>&1 | FileCheck %s --check-prefixes=CHECK,ROW
// RUN: qopt %s --quantize-weights="type=int8 granularity=row" \
// RUN:   --quantize-weights="type=int4 granularity=group:32 asymmetric=true layers=1 mode=fake" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=LATER
// RUN: qopt %s --quantize-weights="type=bf16 tensors='(model\.norm|lm_head)\.weight'" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=NAMED
// RUN: qopt %s --quantize-weights="type=nvfp4 skip='.*layers\.1.*'" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=SKIP

llm.param @model.layers.0.mlp.up_proj.weight : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.0.mlp.up_proj.weight">
llm.param @model.layers.1.mlp.up_proj.weight : tensor<64x96xbf16> = #llm.source<"m.safetensors", "model.layers.1.mlp.up_proj.weight">
llm.param @model.norm.weight : tensor<64xbf16> = #llm.source<"m.safetensors", "model.norm.weight">
llm.param @lm_head.weight : tensor<32x64xbf16> = #llm.source<"m.safetensors", "lm_head.weight">

// Every rule reports its matches.
// ROW: remark: quantize-weights type=int8 granularity=row: 2 tensors
// LATER: remark: quantize-weights type=int8 granularity=row: 2 tensors
// LATER: remark: quantize-weights type=int4 granularity=group:32 asymmetric=true mode=fake layers='1': 1 tensors
// NAMED: remark: quantize-weights type=bf16 tensors='(model\.norm|lm_head)\.weight': 2 tensors
// SKIP: remark: quantize-weights type=nvfp4 skip='.*layers\.1.*': 1 tensors, 1 skipped

// CHECK-LABEL: func.func @forward
func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x32xf32> {
  // CHECK: %[[W0:.*]] = llm.get @model.layers.0.mlp.up_proj.weight
  // CHECK: %[[C:.*]], %[[S:.*]] = q.quantize %[[W0]] {scheme = #[[ROW:.*]]} : tensor<64x96xbf16> -> tensor<64x96xi8>, tensor<64x1xf32>
  // CHECK: %[[D:.*]] = q.dequantize %[[C]], %[[S]] {scheme = #[[ROW]]}
  // CHECK: llm.linear %{{.*}}, %[[D]] : tensor<?x96xf32>, tensor<64x96xf32>
  %0 = llm.get @model.layers.0.mlp.up_proj.weight : tensor<64x96xbf16>
  %1 = llm.linear %x, %0 : tensor<?x96xf32>, tensor<64x96xbf16> -> tensor<?x64xf32>
  // The later rule replaces the earlier one where both match.
  // LATER: llm.get @model.layers.1.mlp.up_proj.weight
  // LATER-NEXT: %[[C4:.*]], %[[P4:.*]]:2 = q.quantize %{{.*}} {scheme = #int4_group} : tensor<64x96xbf16> -> tensor<64x96xi4>, tensor<64x3xf32>, tensor<64x3xf32>
  // LATER-NEXT: q.dequantize %[[C4]], %[[P4]]#0, %[[P4]]#1 {fake, scheme = #int4_group}
  // LATER-NEXT: llm.linear
  // SKIP: q.quantize
  // SKIP-NOT: q.quantize
  %2 = llm.get @model.layers.1.mlp.up_proj.weight : tensor<64x96xbf16>
  %3 = llm.linear %x, %2 : tensor<?x96xf32>, tensor<64x96xbf16> -> tensor<?x64xf32>
  %4 = llm.add %1, %3 : tensor<?x64xf32>
  // Norms and the head are quantized only when named.
  // ROW: %[[N:.*]] = llm.get @model.norm.weight
  // ROW-NEXT: llm.rms_norm %{{.*}}, %[[N]]
  // NAMED: llm.get @model.norm.weight
  // NAMED-NEXT: q.quantize %{{.*}} : tensor<64xbf16> -> tensor<64xbf16>
  %5 = llm.get @model.norm.weight : tensor<64xbf16>
  %6 = llm.rms_norm %4, %5 {eps = 1.0e-6 : f64} : tensor<?x64xf32>, tensor<64xbf16>
  // ROW: %[[H:.*]] = llm.get @lm_head.weight
  // ROW-NEXT: llm.linear %{{.*}}, %[[H]] : tensor<?x64xf32>, tensor<32x64xbf16>
  // NAMED: llm.get @lm_head.weight
  // NAMED-NEXT: q.quantize
  %7 = llm.get @lm_head.weight : tensor<32x64xbf16>
  %8 = llm.linear %6, %7 : tensor<?x64xf32>, tensor<32x64xbf16> -> tensor<?x32xf32>
  return %8 : tensor<?x32xf32>
}
