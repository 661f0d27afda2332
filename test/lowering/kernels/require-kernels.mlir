// What kernels take passes unchanged; what they do not is dequantized in @load where that is allowed.
// RUN: qopt %s --require-kernels=targets=cpu | FileCheck %s --check-prefix=CPU
// RUN: qopt %s --require-kernels="targets=cpu,ptx allow-dequantized-fallback=true" 2>%t | FileCheck %s --check-prefix=PTX
// RUN: FileCheck %s --check-prefix=REMARK < %t

#small = #q.scheme<storage = int8, granularity = group, block = [1, 8], zero = symmetric, divisor = 127.0 : f64,
                 range = [-127, 127], rounding = half_even, arithmetic = divide, scale = f32,
                 min_amax = 0.0 : f64, min_scale = 0.0 : f64>
llm.param @t.codes : tensor<64x96xi8>
llm.param @t.scales : tensor<64x12xf32>

// CPU-LABEL: func.func @forward
// CPU:         q.embedding
// CPU:         q.linear
// CPU-NOT:     llm.param @t.dequantized
// PTX:       llm.param @t.dequantized : tensor<64x96xf32>
// PTX-LABEL: func.func @forward
// PTX:         %[[T:.*]] = llm.get @t.dequantized : tensor<64x96xf32>
// PTX:         llm.embedding %{{.*}}, %[[T]]
// PTX:         %[[W:.*]] = llm.get @t.dequantized
// PTX:         llm.linear %{{.*}}, %[[W]] bias
// PTX-LABEL: func.func @load
// PTX:         %[[V:.*]] = q.dequantize
// PTX:         llm.set @t.dequantized, %[[V]]
// PTX-NOT:     q.dequantize
// REMARK-COUNT-2: no ptx kernel reads codes in groups of 8: 16 bytes of them must lie in one group, so a multiple of 16 has one: its values are stored dequantized, as f32
func.func @forward(%ids: tensor<?xi32>, %b: tensor<64xf32>) -> tensor<?x64xf32> {
  %c = llm.get @t.codes : tensor<64x96xi8>
  %s = llm.get @t.scales : tensor<64x12xf32>
  %x = q.embedding %ids, %c scales(%s : tensor<64x12xf32>) {scheme = #small} : tensor<?xi32>, tensor<64x96xi8> -> tensor<?x96xf32>
  %0 = q.linear %x, %c scales(%s : tensor<64x12xf32>) bias(%b : tensor<64xf32>) {weight_scheme = #small} : tensor<?x96xf32>, tensor<64x96xi8> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}
