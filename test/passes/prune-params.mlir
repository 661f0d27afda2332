// RUN: qopt %s -split-input-file --prune-params | FileCheck %s

// CHECK-DAG: llm.param @read
// CHECK-DAG: llm.param @source
// CHECK-DAG: llm.param @computed
// CHECK-NOT: llm.param @unread
// CHECK-NOT: llm.param @other
llm.param @read : tensor<8xf32> = #llm.splat<1.0>
llm.param @source : tensor<4x2xf32> = #llm.source<"m.safetensors", "s">
llm.param @computed : tensor<2x4xf32>
llm.param @unread : tensor<8xf32> = #llm.splat<1.0>
llm.param @other : tensor<8xf32> = #llm.source<"m.safetensors", "o">
llm.param @unread_computed : tensor<16xf32>

func.func @prefill() -> (tensor<8xf32>, tensor<2x4xf32>) {
  %0 = llm.get @read : tensor<8xf32>
  %1 = llm.get @computed : tensor<2x4xf32>
  return %0, %1 : tensor<8xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @load
// CHECK-NEXT:  %[[S:.*]] = llm.get @source
// CHECK-NEXT:  %[[T:.*]] = llm.transpose %[[S]]
// CHECK-NEXT:  llm.set @computed, %[[T]]
// CHECK-NEXT:  return
func.func @load() {
  %0 = llm.get @other : tensor<8xf32>
  %1 = llm.concat %0, %0 : tensor<8xf32>, tensor<8xf32> -> tensor<16xf32>
  llm.set @unread_computed, %1 : tensor<16xf32>
  %2 = llm.get @source : tensor<4x2xf32>
  %3 = llm.transpose %2 : tensor<4x2xf32> -> tensor<2x4xf32>
  llm.set @computed, %3 : tensor<2x4xf32>
  return
}

// -----

// Nothing is left of @load.
// CHECK-NOT: llm.param
// CHECK-NOT: @load
// CHECK:     llm.cache @layers.0
llm.param @source : tensor<4x2xf32> = #llm.source<"m.safetensors", "s">
llm.param @computed : tensor<2x4xf32>
llm.cache @layers.0 {kv_heads = 1, head_dim = 4, k = "native", v = "native"}
func.func @load() {
  %0 = llm.get @source : tensor<4x2xf32>
  %1 = llm.transpose %0 : tensor<4x2xf32> -> tensor<2x4xf32>
  llm.set @computed, %1 : tensor<2x4xf32>
  return
}

// -----

// What @load computes and reads again stays.
// CHECK-DAG: llm.param @between
// CHECK-DAG: llm.param @computed
llm.param @source : tensor<4x2xf32> = #llm.source<"m.safetensors", "s">
llm.param @between : tensor<2x4xf32>
llm.param @computed : tensor<4x4xf32>
func.func @prefill() -> tensor<4x4xf32> {
  %0 = llm.get @computed : tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}
// CHECK-LABEL: func.func @load
// CHECK:         llm.set @between
// CHECK:         llm.get @between
// CHECK:         llm.set @computed
func.func @load() {
  %0 = llm.get @source : tensor<4x2xf32>
  %1 = llm.transpose %0 : tensor<4x2xf32> -> tensor<2x4xf32>
  llm.set @between, %1 : tensor<2x4xf32>
  %2 = llm.get @between : tensor<2x4xf32>
  %3 = llm.concat %2, %2 : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<4x4xf32>
  llm.set @computed, %3 : tensor<4x4xf32>
  return
}
