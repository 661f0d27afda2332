// RUN: qopt %s --convert-llm-to-kernel 2>&1 | FileCheck %s
// RUN: qopt %s --convert-llm-to-kernel=target=ptx | FileCheck %s --check-prefix=PTX

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#fp8 = #q.scheme<storage = fp8_e4m3, granularity = row, zero = symmetric, divisor = 448.0 : f64,
                 range = [0, 0], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @w : tensor<2x96x32xi8>
llm.param @s : tensor<2x1x32xf32>

// Products of codes read codes; a product of numbers reads what fp8 codes stand for, and a remark says so.
// CHECK: remark: cpu: fp8_e4m3 row, amax/448 activations of 2 inputs are multiplied as the numbers that they stand for
// CHECK-NOT: remark
// CHECK-LABEL: func.func @forward.cpu
func.func @forward(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  // CHECK: %[[W:.*]] = llm.get @w
  // CHECK: %[[S:.*]] = llm.get @s
  %w = llm.get @w : tensor<2x96x32xi8>
  %s = llm.get @s : tensor<2x1x32xf32>
  // CHECK: %[[C:.*]], %[[CS:.*]] = kernel.quantize %{{.*}} {offsets = array<i64: 0>, scheme = #int8_row} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
  // CHECK: kernel.matmul %[[C]] scaled %[[CS]] : tensor<?x1xf32>, %[[W]] scales(%[[S]]
  // CHECK-SAME: x_scheme = #int8_row
  %c, %cs = q.quantize %x {scheme = #row} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
  %0 = q.linear %c scaled %cs : tensor<?x1xf32>, %w scales(%s : tensor<2x1x32xf32>) {weight_scheme = #row, x_scheme = #row}
      : tensor<?x96xi8>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  // CHECK: %[[V:.*]] = kernel.quantize %{{.*}} {offsets = array<i64: 0>, scheme = #fp8_e4m3_row} : tensor<?x96xf32> -> tensor<?x96xf32>
  // CHECK: kernel.matmul %[[V]], %[[W]] scales(%[[S]]
  %f, %fs = q.quantize %x {scheme = #fp8} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
  %v = q.dequantize %f, %fs {scheme = #fp8} : tensor<?x96xi8>, tensor<?x1xf32> -> tensor<?x96xf32>
  %1 = q.linear %v, %w scales(%s : tensor<2x1x32xf32>) {weight_scheme = #row}
      : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  %2 = llm.add %0, %1 : tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}

// CPUs have no products of fp8 with fp8, GPUs have.
// CHECK-LABEL: func.func @fp8.cpu
// CHECK: %[[V8:.*]] = kernel.quantize %{{.*}} {offsets = array<i64: 0>, scheme = #fp8_e4m3_row} : tensor<?x96xf32> -> tensor<?x96xf32>
// CHECK: kernel.matmul %[[V8]], %{{.*}} weight_scheme = #fp8_e4m3_row} : tensor<?x96xf32>
// CHECK: kernel.matmul %[[V8]], %{{.*}} weight_scheme = #fp8_e4m3_row} : tensor<?x96xf32>
// PTX-LABEL: func.func @fp8.ptx
// PTX: %[[C8:.*]], %[[S8:.*]] = kernel.quantize %{{.*}} {offsets = array<i64: 0>, scheme = #fp8_e4m3_row} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
// PTX: kernel.matmul %[[C8]] scaled %[[S8]] : tensor<?x1xf32>, %{{.*}} x_scheme = #fp8_e4m3_row
func.func @fp8(%x: tensor<?x96xf32>) -> tensor<?x64xf32> {
  %w = llm.get @w : tensor<2x96x32xi8>
  %s = llm.get @s : tensor<2x1x32xf32>
  %c, %cs = q.quantize %x {scheme = #fp8} : tensor<?x96xf32> -> tensor<?x96xi8>, tensor<?x1xf32>
  %0 = q.linear %c scaled %cs : tensor<?x1xf32>, %w scales(%s : tensor<2x1x32xf32>) {weight_scheme = #fp8, x_scheme = #fp8}
      : tensor<?x96xi8>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  %1 = q.linear %c scaled %cs : tensor<?x1xf32>, %w scales(%s : tensor<2x1x32xf32>) {weight_scheme = #fp8, x_scheme = #fp8}
      : tensor<?x96xi8>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  %2 = llm.add %0, %1 : tensor<?x64xf32>
  return %2 : tensor<?x64xf32>
}
