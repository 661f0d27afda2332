// The head's logits decide what the function that scores them looks like; it comes once.
// RUN: qopt %s --add-score --add-score -split-input-file | FileCheck %s
// RUN: qopt %s --pass-pipeline='builtin.module(add-score,func.func(configure-ptx-kernels),name-kernels,func.func(plan-buffers))' -split-input-file | FileCheck %s --check-prefix=PLANNED

// CHECK-LABEL: func.func @prefill_head.ptx(
// CHECK:       func.func @score.ptx(%arg0: tensor<?x512xf32> {kernel.input = "logits"}, %arg1: tensor<?xi32> {kernel.input = "targets"}) -> tensor<?x5xf32> attributes {kernel.target = "ptx"} {
// CHECK-NEXT:    %[[S:.*]] = kernel.score %arg0, %arg1 : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x5xf32>
// CHECK-NEXT:    return %[[S]]
// CHECK-NOT:   func.func
// CHECK:       // -----
// One block a row, as there are fewer than 4096 logits.
// PLANNED-LABEL: func.func @score.ptx(%arg0: tensor<?x512xf32>
// PLANNED:       kernel.score {{.*}}kernel = "score_512", launch = #kernel.launch<grid = ()[s0, s1] -> (s0, 1), block = 32, shared = 132>, slots = array<i64: 0>
func.func @prefill_head.ptx(%h: tensor<?x512xf32>, %rows: tensor<?xi32>) -> tensor<?x512xf32> attributes {kernel.target = "ptx"} {
  %l = kernel.gather %h at %rows : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x512xf32>
  return %l : tensor<?x512xf32>
}

// -----

// Many logits: several blocks a row, which leave four numbers each.
// CHECK-LABEL: func.func @score.ptx(%arg0: tensor<?x128256xf32>
// CHECK-NEXT:    %{{.*}}, %{{.*}} = kernel.score %arg0, %arg1 : tensor<?x128256xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x128xf32>
// PLANNED-LABEL: func.func @score.ptx(%arg0: tensor<?x128256xf32>
// PLANNED-SAME:  kernel.slots = [{bytes = 0 : i64, bytes_per_row = 128 : i64}, {bytes = 0 : i64, bytes_per_row = 512 : i64}]
// PLANNED:       kernel.score {{.*}}kernel = "score_128256", launch = #kernel.launch<grid = ()[s0, s1] -> (s0, 32), block = 256, shared = 132>, slots = array<i64: 0, 1>
func.func @prefill_head.ptx(%h: tensor<?x128256xf32>, %rows: tensor<?xi32>) -> tensor<?x128256xf32> attributes {kernel.target = "ptx"} {
  %l = kernel.gather %h at %rows : tensor<?x128256xf32>, tensor<?xi32> -> tensor<?x128256xf32>
  return %l : tensor<?x128256xf32>
}

// -----

// Without kernels for PTX there is nothing to score.
// CHECK-LABEL: func.func @prefill_head.cpu(
// CHECK-NOT: score
func.func @prefill_head.cpu(%h: tensor<?x512xf32>, %rows: tensor<?xi32>) -> tensor<?x512xf32> attributes {kernel.target = "cpu"} {
  %l = kernel.gather %h at %rows : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x512xf32>
  return %l : tensor<?x512xf32>
}
