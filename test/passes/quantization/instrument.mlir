// RUN: qopt %s --instrument | FileCheck %s

// The hash depends on parameters and on what @load makes of them, and on nothing else.
// RUN: qopt %s --instrument | grep -o 'llm.model_hash = "[^"]*"' > %t.hash
// RUN: sed 's/%%x/%%renamed/' %s | qopt - --instrument | grep -o 'llm.model_hash = "[^"]*"' | diff %t.hash -
// RUN: sed 's/seed = 1/seed = 2/' %s | qopt - --instrument | grep -o 'llm.model_hash = "[^"]*"' | not diff %t.hash -
// RUN: sed 's/llm.set @down.weight, %%1/llm.set @down.weight, %%0/' %s | qopt - --instrument | grep -o 'llm.model_hash = "[^"]*"' | not diff %t.hash -

// CHECK: module attributes {llm.model_hash = "xxh3:{{[0-9a-f]+}}"}
llm.param @gate.weight : tensor<64x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @up.weight : tensor<64x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @stored : tensor<64x64xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @down.weight : tensor<64x64xbf16>
llm.param @head.weight : tensor<100x64xbf16> = #llm.random<seed = 1, deviation = 1.0>

// Linears of one input share an observation; names are those of their weights.
// CHECK-LABEL: func.func @forward
// CHECK:         q.observe %arg0 for ["gate.weight", "up.weight"] : tensor<?x32xf32>
// CHECK-NEXT:    llm.linear %arg0
// CHECK-NOT:     q.observe
// CHECK:         llm.linear %arg0
// CHECK:         %[[PRODUCT:.*]] = llm.mul
// CHECK:         q.observe %[[PRODUCT]] for ["stored"] : tensor<?x64xf32>
// CHECK-NEXT:    llm.linear %[[PRODUCT]]
func.func @forward(%x: tensor<?x32xf32>) -> tensor<?x64xf32> {
  %wg = llm.get @gate.weight : tensor<64x32xbf16>
  %wu = llm.get @up.weight : tensor<64x32xbf16>
  %wd = llm.get @down.weight : tensor<64x64xbf16>
  %0 = llm.linear %x, %wg : tensor<?x32xf32>, tensor<64x32xbf16> -> tensor<?x64xf32>
  %1 = llm.silu %0 : tensor<?x64xf32>
  %2 = llm.linear %x, %wu : tensor<?x32xf32>, tensor<64x32xbf16> -> tensor<?x64xf32>
  %3 = llm.mul %1, %2 : tensor<?x64xf32>
  %4 = llm.linear %3, %wd : tensor<?x64xf32>, tensor<64x64xbf16> -> tensor<?x64xf32>
  return %4 : tensor<?x64xf32>
}

// CHECK-LABEL: func.func @head
// CHECK:         q.observe %arg0 for ["head.weight"] : tensor<?x64xf32>
func.func @head(%hidden: tensor<?x64xf32>) -> tensor<?x100xf32> {
  %w = llm.get @head.weight : tensor<100x64xbf16>
  %0 = llm.linear %hidden, %w : tensor<?x64xf32>, tensor<100x64xbf16> -> tensor<?x100xf32>
  return %0 : tensor<?x100xf32>
}

func.func @load() {
  %0 = llm.get @stored : tensor<64x64xbf16>
  %1 = llm.transpose %0 : tensor<64x64xbf16> -> tensor<64x64xbf16>
  llm.set @down.weight, %1 : tensor<64x64xbf16>
  return
}
