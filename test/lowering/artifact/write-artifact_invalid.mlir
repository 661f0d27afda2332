// A pass left out, or a parameter that cannot be read: one diagnostic, and nothing is written.
// RUN: rm -rf %t && mkdir %t
// RUN: qopt %s --write-artifact=path=%t/a.qmod -split-input-file -verify-diagnostics
// RUN: ls %t | count 0

// expected-error @below {{there are no kernel functions; the default pipeline makes them, after all passes that change the model}}
module {
}

// -----

// expected-error @below {{the kernels for cpu are not emitted; run emit-cpu-kernels}}
module {
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) attributes {kernel.target = "cpu"} {
    return
  }
}

// -----

module {
  // expected-error @below {{has no buffers; run plan-buffers}}
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) attributes {kernel.target = "cpu"} {
    return
  }
  module @cpu.avx2 {
  }
}

// -----

module {
  llm.param @table : tensor<128x32xf32> = #llm.splat<0.0 : f64>
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x32xf32>
      attributes {kernel.target = "cpu", kernel.slots = [{bytes = 0, bytes_per_row = 128}]} {
    %table = llm.get @table : tensor<128x32xf32>
    // expected-error @below {{has no launch; run configure-cpu-kernels}}
    %0 = kernel.gather %table at %ids {slots = array<i64: 0>} : tensor<128x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    return %0 : tensor<?x32xf32>
  }
  module @cpu.avx2 {
  }
}

// -----

// expected-error @below {{there is no @decode.cpu; run specialize and convert-llm-to-kernel{target=cpu}}}
module {
  llm.param @table : tensor<128x32xf32> = #llm.splat<0.0 : f64>
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x32xf32>
      attributes {kernel.target = "cpu", kernel.slots = [{bytes = 0, bytes_per_row = 128}]} {
    %table = llm.get @table : tensor<128x32xf32>
    %0 = kernel.gather %table at %ids {slots = array<i64: 0>, kernel = "g", launch = #kernel.launch<grid = ()[T, B] -> (T)>}
        : tensor<128x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    return %0 : tensor<?x32xf32>
  }
  module @cpu.avx2 {
  }
}

// -----

module {
  llm.param @w : tensor<4x4xf32> = #llm.splat<0.0 : f64>
  func.func @load() {
    %w = llm.get @w : tensor<4x4xf32>
    // expected-error @below {{computes no parameter; @load holds parameter expressions only}}
    %0 = llm.silu %w : tensor<4x4xf32>
    return
  }
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch) attributes {kernel.target = "cpu"} {
    return
  }
  module @cpu.avx2 {
  }
}

// -----

module {
  llm.param @table : tensor<128x32xf32> = #llm.splat<0.0 : f64>
  func.func @prefill.cpu(%batch: !llm.batch, %x: tensor<?x32xf32>, %ids: tensor<?xi32>) -> tensor<?x32xf32>
      attributes {kernel.target = "cpu", kernel.slots = [{bytes = 0, bytes_per_row = 128}]} {
    %table = llm.get @table : tensor<128x32xf32>
    // expected-error @below {{reads argument 2 of the function, which the runtime does not know}}
    %0 = kernel.gather %table at %ids {slots = array<i64: 0>, kernel = "g", launch = #kernel.launch<grid = ()[T, B] -> (T)>}
        : tensor<128x32xf32>, tensor<?xi32> -> tensor<?x32xf32>
    return %0 : tensor<?x32xf32>
  }
  module @cpu.avx2 {
  }
}

// -----

module {
  // expected-error @below {{must return what one kernel computes}}
  func.func @prefill.cpu(%ids: tensor<?xi32>, %batch: !llm.batch)
      attributes {kernel.target = "cpu", kernel.slots = [{bytes = 0, bytes_per_row = 128}]} {
    return
  }
  module @cpu.avx2 {
  }
}
