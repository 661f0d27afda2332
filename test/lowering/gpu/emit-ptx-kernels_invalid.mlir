// RUN: qopt %s --pass-pipeline='builtin.module(emit-ptx-kernels)' -split-input-file -verify-diagnostics

func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.map' op has no kernel name; name-kernels gives it one}}
  %m = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x64xf32>
}

// -----

func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.map' op has no launch; configure-ptx-kernels gives it one}}
  %m = kernel.map %x {offsets = array<i64: 0>, kernel = "k"} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x64xf32>
}

// -----

func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.map' op has no config that names an algorithm; configure-ptx-kernels sets one}}
  %m = kernel.map %x {offsets = array<i64: 0>, kernel = "k", launch = #kernel.launch<grid = ()[t, b] -> (t), block = 64>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x64xf32>
}

// -----

func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.map' op config has threads = 48, must be a multiple of 32}}
  %m = kernel.map %x {offsets = array<i64: 0>, kernel = "k", config = {algorithm = "row", threads = 48}, launch = #kernel.launch<grid = ()[t, b] -> (t), block = 48>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%e: f32):
    kernel.yield %e : f32
  }
  return %m : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xbf16>
func.func @f(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  // expected-error@+1 {{'kernel.matmul' op reads x as bf16 on ptx, not 'tensor<?x64xf32>'}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "mma"}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xbf16>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  // expected-error@+1 {{'kernel.matmul' op algorithm "matvec" needs 1 to 8 static rows, x is 'tensor<?x64xbf16>'}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "matvec", warps = 4, split = 1, columns = 2, unroll = 4}, launch = #kernel.launch<grid = ()[t, b] -> (8), block = 128>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xbf16>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  // expected-error@+1 {{'kernel.matmul' op algorithm "tensor" does not fit here; "mma" does}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "tensor"}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xbf16>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  // expected-error@+1 {{'kernel.matmul' op config needs 131072 bytes of shared memory, a block has 101376}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "mma", tile_rows = 128, tile_columns = 128, tile_depth = 64, stages = 4, warp_rows = 2, warp_columns = 2}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xbf16>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xbf16>
  // expected-error@+1 {{'kernel.matmul' op config has tile_rows = 72, must be a multiple of 32}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "mma", tile_rows = 72, tile_columns = 128, tile_depth = 32, stages = 4, warp_rows = 2, warp_columns = 2}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xbf16>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

llm.cache @c {kv_heads = 1, head_dim = 64, k = "native", v = "native"}
func.func @f(%q: tensor<?x6400xbf16>) -> tensor<?x6400xbf16> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.attention' op config has 64 rows in a block, too few for 100 query heads on a KV head}}
  %a = kernel.attention %q over @c {heads = 100, scale = 0.1, kernel = "k", config = {algorithm = "prefill", warps = 4, keys = 64}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x6400xbf16> -> tensor<?x6400xbf16>
  return %a : tensor<?x6400xbf16>
}

// -----

llm.cache @c {kv_heads = 1, head_dim = 64, k = "native", v = "native"}
func.func @f(%q: tensor<?x64xbf16>) -> tensor<?x64xbf16> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.attention' op config has keys = 48, must divide a page of 128 tokens}}
  %a = kernel.attention %q over @c {heads = 1, scale = 0.1, kernel = "k", config = {algorithm = "prefill", warps = 4, keys = 48}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xbf16> -> tensor<?x64xbf16>
  return %a : tensor<?x64xbf16>
}

// -----

llm.cache @c {kv_heads = 1, head_dim = 64, k = "native", v = "native"}
func.func @f(%x: tensor<?x192xf32>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  // expected-error@+1 {{'kernel.rope_append' op stores its result as bf16 on ptx, not as 'tensor<?x64xf32>'}}
  %q = kernel.rope_append %x, %x, %x into @c {heads = 1, offsets = array<i64: 0, 64, 128>, kernel = "k", config = {algorithm = "head", warps = 4}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x192xf32>, tensor<?x192xf32>, tensor<?x192xf32> -> tensor<?x64xf32>
  return %q : tensor<?x64xf32>
}

// -----

llm.param @w : tensor<2x64x32xi8>
func.func @f(%x: tensor<?x64xbf16>) -> tensor<?x64xf32> attributes {kernel.target = "ptx"} {
  %w = llm.get @w : tensor<2x64x32xi8>
  // expected-error@+1 {{'kernel.matmul' op has no kernel on ptx for a weight of 'i8'}}
  %y = kernel.matmul %x, %w ways 1 {columns = 64, kernel = "k", config = {algorithm = "mma"}, launch = #kernel.launch<grid = ()[t, b] -> (t)>} : tensor<?x64xbf16>, tensor<2x64x32xi8> -> tensor<?x64xf32> {
  ^bb0(%acc: f32):
    kernel.yield %acc : f32
  }
  return %y : tensor<?x64xf32>
}
