// RUN: qopt %s --pass-pipeline='builtin.module(func.func(plan-buffers))' | FileCheck %s

llm.param @table : tensor<8x64x32xbf16>
llm.param @norm : tensor<64xf32>
llm.param @up : tensor<5x64x32xbf16>
llm.param @down : tensor<2x130x32xbf16>
llm.param @square : tensor<2x64x32xbf16>

// The residual stream is updated in place and survives to the end; norms and the wide value between
// have slots that are free for what comes later. Strides are multiples of 32 elements.
// CHECK-LABEL: func.func @prefill.cpu
// CHECK-SAME:    kernel.slots = [{bytes = 0 : i64, bytes_per_row = 256 : i64}, {bytes = 0 : i64, bytes_per_row = 256 : i64}, {bytes = 0 : i64, bytes_per_row = 640 : i64}]
// CHECK:         kernel.gather {{.*}}slots = array<i64: 0>
// CHECK:         kernel.norm {{.*}}slots = array<i64: 1>
// CHECK:         kernel.matmul {{.*}}slots = array<i64: 2>
// CHECK:         kernel.matmul {{.*}}slots = array<i64: 0>
// CHECK:         kernel.norm {{.*}}slots = array<i64: 1>
func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x64xf32> attributes {kernel.target = "cpu"} {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %norm = llm.get @norm : tensor<64xf32>
  %up = llm.get @up : tensor<5x64x32xbf16>
  %down = llm.get @down : tensor<2x130x32xbf16>
  %h = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  %n = kernel.norm rms %h, %norm {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  %u = kernel.matmul %n, %up ways 1 {columns = 130} : tensor<?x64xf32>, tensor<5x64x32xbf16> -> tensor<?x130xf32> {
  ^bb0(%x: f32):
    kernel.yield %x : f32
  }
  %d = kernel.matmul %u, %down ways 1 extras(%h : tensor<?x64xf32>) {columns = 64} : tensor<?x130xf32>, tensor<2x130x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%x: f32, %r: f32):
    %0 = arith.addf %x, %r : f32
    kernel.yield %0 : f32
  }
  %m = kernel.norm rms %d, %norm {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return %m : tensor<?x64xf32>
}

// One row: slots are by the row all the same. The sum of a norm overwrites an addend that dies.
// CHECK-LABEL: func.func @decode.ptx
// CHECK-SAME:    kernel.slots = [{bytes = 0 : i64, bytes_per_row = 256 : i64}, {bytes = 0 : i64, bytes_per_row = 256 : i64}, {bytes = 0 : i64, bytes_per_row = 128 : i64}]
// CHECK:         kernel.gather {{.*}}slots = array<i64: 0>
// CHECK:         kernel.gather {{.*}}slots = array<i64: 1>
// CHECK:         kernel.norm {{.*}}slots = array<i64: 2, 0>
// CHECK:         kernel.matmul {{.*}}slots = array<i64: 0>
func.func @decode.ptx(%ids: tensor<1xi32>, %batch: !llm.batch) -> tensor<1x64xf32> attributes {kernel.target = "ptx"} {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %norm = llm.get @norm : tensor<64xf32>
  %w = llm.get @square : tensor<2x64x32xbf16>
  %h = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<1xi32> -> tensor<1x64xf32>
  %p = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<1xi32> -> tensor<1x64xf32>
  %n, %s = kernel.norm rms %h plus %p : tensor<1x64xf32>, %norm {eps = 1.0e-5} : tensor<1x64xf32>, tensor<64xf32> -> tensor<1x64xbf16>, tensor<1x64xf32>
  %y = kernel.matmul %n, %w ways 1 extras(%s : tensor<1x64xf32>) {columns = 64} : tensor<1x64xbf16>, tensor<2x64x32xbf16> -> tensor<1x64xf32> {
  ^bb0(%x: f32, %r: f32):
    %0 = arith.addf %x, %r : f32
    kernel.yield %0 : f32
  }
  return %y : tensor<1x64xf32>
}

// A residual that is read again later must not be overwritten, nor an operand of another type.
// CHECK-LABEL: func.func @kept.cpu
// CHECK:         kernel.gather {{.*}}slots = array<i64: 0>
// CHECK:         kernel.matmul {{.*}}slots = array<i64: 1>
// CHECK:         kernel.matmul {{.*}}slots = array<i64: 2>
// CHECK:         kernel.map {{.*}}slots = array<i64: 0>
func.func @kept.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x64xf32> attributes {kernel.target = "cpu"} {
  %table = llm.get @table : tensor<8x64x32xbf16>
  %w = llm.get @square : tensor<2x64x32xbf16>
  %h = kernel.gather %table at %ids : tensor<8x64x32xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  %y = kernel.matmul %h, %w ways 1 extras(%h : tensor<?x64xf32>) {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%x: f32, %r: f32):
    %0 = arith.addf %x, %r : f32
    kernel.yield %0 : f32
  }
  %z = kernel.matmul %y, %w ways 1 extras(%h : tensor<?x64xf32>) {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xbf16> {
  ^bb0(%x: f32, %r: f32):
    %0 = arith.addf %x, %r : f32
    kernel.yield %0 : f32
  }
  %m = kernel.map %z {offsets = array<i64: 0>} : tensor<?x64xbf16> -> tensor<?x64xf32> {
  ^bb0(%x: f32):
    kernel.yield %x : f32
  }
  return %m : tensor<?x64xf32>
}
