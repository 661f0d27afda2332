// RUN: qopt %s --convert-llm-to-kernel -split-input-file -verify-diagnostics

llm.param @w : tensor<64x64xbf16>
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %w = llm.get @w : tensor<64x64xbf16>
  // expected-error @below {{'llm.linear' op has no kernel for a weight that is not packed; run pack-weights}}
  %0 = llm.linear %x, %w : tensor<?x64xf32>, tensor<64x64xbf16> -> tensor<?x64xf32>
  return %0 : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<4x64x32xbf16>
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x128xf32> {
  %w = llm.get @w : tensor<4x64x32xbf16>
  // expected-error @below {{is packed with ways = 2, so only slices of either half can read it, not llm.silu}}
  %0 = llm.linear %x, %w {ways = 2} : tensor<?x64xf32>, tensor<4x64x32xbf16> -> tensor<?x128xf32>
  %1 = llm.silu %0 : tensor<?x128xf32>
  return %1 : tensor<?x128xf32>
}
