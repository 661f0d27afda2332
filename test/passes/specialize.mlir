// RUN: qopt %s --specialize | FileCheck %s
// Twice is once.
// RUN: qopt %s --specialize --specialize | FileCheck %s

llm.param @table : tensor<40x8xf32> = #llm.splat<1.0>

// CHECK-NOT:   @forward
// CHECK-LABEL: func.func @prefill
// CHECK-SAME:  (%{{.*}}: tensor<?xi32>, %{{.*}}: !llm.batch) -> tensor<?x8xf32>
// CHECK:       llm.positions %{{.*}} : tensor<?xi32>
// CHECK:       llm.embedding {{.*}} -> tensor<?x8xf32>
// CHECK:       return %{{.*}} : tensor<?x8xf32>

// CHECK-LABEL: func.func @decode
// CHECK-SAME:  (%[[IDS:.*]]: tensor<1xi32>, %[[BATCH:.*]]: !llm.batch) -> tensor<1x8xf32>
// CHECK-NOT:   tensor<?
// CHECK:       %[[TABLE:.*]] = llm.get @table : tensor<40x8xf32>
// CHECK:       %[[POS:.*]] = llm.positions %[[BATCH]] : tensor<1xi32>
// CHECK:       %[[H:.*]] = llm.embedding %[[POS]], %[[TABLE]] : (tensor<1xi32>, tensor<40x8xf32>) -> tensor<1x8xf32>
// CHECK:       return %[[H]] : tensor<1x8xf32>
func.func @forward(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x8xf32> {
  %0 = llm.get @table : tensor<40x8xf32>
  %1 = llm.positions %batch : tensor<?xi32>
  %2 = llm.embedding %1, %0 : (tensor<?xi32>, tensor<40x8xf32>) -> tensor<?x8xf32>
  return %2 : tensor<?x8xf32>
}

// CHECK-NOT:   @head
// CHECK-LABEL: func.func @prefill_head
// CHECK-SAME:  (%{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<?xi32>) -> tensor<?x8xf32>
// CHECK-LABEL: func.func @decode_head
// CHECK-SAME:  (%[[X:.*]]: tensor<1x8xf32>, %[[ROWS:.*]]: tensor<1xi32>) -> tensor<1x8xf32>
// CHECK-NOT:   tensor<?
// CHECK:       llm.select_rows %[[X]], %[[ROWS]] : tensor<1x8xf32>, tensor<1xi32> -> tensor<1x8xf32>
func.func @head(%x: tensor<?x8xf32>, %rows: tensor<?xi32>) -> tensor<?x8xf32> {
  %0 = llm.select_rows %x, %rows : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}
