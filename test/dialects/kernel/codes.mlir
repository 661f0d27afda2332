// RUN: qopt %s | qopt | FileCheck %s

#row = #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
#group = #q.scheme<storage = int4, granularity = group, block = [1, 32], zero = minimum,
                   divisor = 15.0 : f64, range = [0, 15], rounding = half_even,
                   arithmetic = divide, scale = f32, min_amax = 0.0 : f64, min_scale = 0.0 : f64>

// CHECK-LABEL: func.func @codes
func.func @codes(%x: tensor<?x96xf32>, %xc: tensor<?x96xi8>, %xs: tensor<?x1xf32>, %c: tensor<2x96x32xi8>,
                 %s: tensor<2x1x32xf32>, %pairs: tensor<2x48x32xi8>, %groups: tensor<2x3x32xf32>, %ids: tensor<?xi32>) {
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} scales(%{{.*}} : tensor<2x1x32xf32>) ways 1 {columns = 64 : i64, weight_scheme = #{{.*}}} : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32>
  %0 = kernel.matmul %x, %c scales(%s : tensor<2x1x32xf32>) ways 1 {columns = 64, weight_scheme = #row}
      : tensor<?x96xf32>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  // CHECK: kernel.matmul %{{.*}}, %{{.*}} scales(%{{.*}}, %{{.*}} : tensor<2x3x32xf32>, tensor<2x3x32xf32>) ways 2
  %1 = kernel.matmul %x, %pairs scales(%groups, %groups : tensor<2x3x32xf32>, tensor<2x3x32xf32>) ways 2 {columns = 32, weight_scheme = #group}
      : tensor<?x96xf32>, tensor<2x48x32xi8> -> tensor<?x32xf32> {
  ^bb0(%a: f32, %b: f32):
    kernel.yield %a : f32
  }
  // CHECK: kernel.matmul %{{.*}} scaled %{{.*}} : tensor<?x1xf32>, %{{.*}} scales(
  %2 = kernel.matmul %xc scaled %xs : tensor<?x1xf32>, %c scales(%s : tensor<2x1x32xf32>) ways 1 {columns = 64, weight_scheme = #row, x_scheme = #row}
      : tensor<?x96xi8>, tensor<2x96x32xi8> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  // CHECK: kernel.gather %{{.*}} scales(%{{.*}} : tensor<2x1x32xf32>) at %{{.*}} {table_scheme = #{{.*}}} : tensor<2x96x32xi8>, tensor<?xi32> -> tensor<?x96xf32>
  %3 = kernel.gather %c scales(%s : tensor<2x1x32xf32>) at %ids {table_scheme = #row} : tensor<2x96x32xi8>, tensor<?xi32> -> tensor<?x96xf32>
  return
}
