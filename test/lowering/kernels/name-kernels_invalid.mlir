// RUN: qopt %s --name-kernels -verify-diagnostics

llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
func.func @prefill.ptx(%k: tensor<?x32xf32>, %batch: !llm.batch) -> tensor<?x32xf32> attributes {kernel.target = "ptx"} {
  // expected-error @below {{'llm.kv_append' op has no kernel for target 'ptx'}}
  llm.kv_append %k, %k, %batch into @layers.0 : tensor<?x32xf32>, tensor<?x32xf32>
  // expected-error @below {{'llm.silu' op has no kernel for target 'ptx'}}
  %0 = llm.silu %k : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}

// Functions for no target may hold anything.
func.func @prefill(%k: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %0 = llm.silu %k : tensor<?x32xf32>
  return %0 : tensor<?x32xf32>
}
