// RUN: qopt %s -split-input-file -verify-diagnostics

func.func @gather(%t: tensor<64xf32>, %i: tensor<?xi32>) {
  // expected-error @below {{table must be a matrix or packed panels, not 'tensor<64xf32>'}}
  %0 = kernel.gather %t at %i : tensor<64xf32>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @gather(%t: tensor<8x64x16xbf16>, %i: tensor<?xi32>) {
  // expected-error @below {{packed table 'tensor<8x64x16xbf16>' must have panels of 32 rows}}
  %0 = kernel.gather %t at %i : tensor<8x64x16xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @gather(%t: tensor<8x64x32xbf16>) {
  // expected-error @below {{a table gathered by position must not be packed}}
  %0 = kernel.gather %t : tensor<8x64x32xbf16> -> tensor<?x64xf32>
  return
}

// -----

func.func @gather(%t: tensor<8x64xbf16>, %i: tensor<?xi32>) {
  // expected-error @below {{result has 32 columns, the table 64}}
  %0 = kernel.gather %t at %i : tensor<8x64xbf16>, tensor<?xi32> -> tensor<?x32xf32>
  return
}

// -----

func.func @gather(%t: tensor<8x64xbf16>, %i: tensor<2xi32>) {
  // expected-error @below {{indices 'tensor<2xi32>' has other rows than 'tensor<?x64xf32>'}}
  %0 = kernel.gather %t at %i : tensor<8x64xbf16>, tensor<2xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @slots(%t: tensor<8x64xbf16>, %i: tensor<?xi32>) {
  // expected-error @below {{has 2 slots for 1 results}}
  %0 = kernel.gather %t at %i {slots = array<i64: 0, 1>} : tensor<8x64xbf16>, tensor<?xi32> -> tensor<?x64xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x64xf32>, %w: tensor<32xf32>) {
  // expected-error @below {{weight must be a vector of 64 elements, not 'tensor<32xf32>'}}
  %0 = kernel.norm rms %x, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<32xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x64xf32>, %w: tensor<64xf32>) {
  // expected-error @below {{only layer norms have a bias}}
  %0 = kernel.norm rms %x, %w bias %w : tensor<64xf32> {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x64xf32>, %w: tensor<64xf32>) {
  // expected-error @below {{residual and sum belong together}}
  %0 = kernel.norm rms %x plus %x : tensor<?x64xf32>, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x64xf32>, %y: tensor<1x64xf32>, %w: tensor<64xf32>) {
  // expected-error @below {{residual 'tensor<1x64xf32>' has another shape than 'tensor<?x64xf32>'}}
  %0, %1 = kernel.norm rms %x plus %y : tensor<1x64xf32>, %w {eps = 1.0e-5} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>, tensor<?x64xf32>
  return
}

// -----

func.func @norm(%x: tensor<?x64xf32>, %w: tensor<64xf32>) {
  // expected-error @below {{eps must be positive}}
  %0 = kernel.norm rms %x, %w {eps = 0.0} : tensor<?x64xf32>, tensor<64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<2x64x32xbf16>) {
  // expected-error @below {{ways must be 1 or 2, not 3}}
  %0 = kernel.matmul %x, %w ways 3 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<2x64x32xbf16>) {
  // expected-error @below {{weight must be packed as 4x64x32 for 64 columns and ways = 2, not 'tensor<2x64x32xbf16>'}}
  %0 = kernel.matmul %x, %w ways 2 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %b: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<2x64x32xbf16>) {
  // expected-error @below {{result has 64 columns, not 63}}
  %0 = kernel.matmul %x, %w ways 1 {columns = 63} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<2x64x32xbf16>, %b: tensor<64xf32>) {
  // expected-error @below {{extra 0 must be a packed vector 2x32 (ways = 1 only) or an activation like 'tensor<?x64xf32>', not 'tensor<64xf32>'}}
  %0 = kernel.matmul %x, %w ways 1 extras(%b : tensor<64xf32>) {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %c: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @matmul(%x: tensor<?x64xf32>, %w: tensor<2x64x32xbf16>) {
  // expected-error @below {{region has 2 arguments, needs 1}}
  %0 = kernel.matmul %x, %w ways 1 {columns = 64} : tensor<?x64xf32>, tensor<2x64x32xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: f32, %c: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @map(%x: tensor<?x64xbf16>) {
  // expected-error @below {{region argument 0 must be f32, not 'bf16'}}
  %0 = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xbf16> -> tensor<?x64xf32> {
  ^bb0(%a: bf16):
    %1 = arith.extf %a : bf16 to f32
    kernel.yield %1 : f32
  }
  return
}

// -----

func.func @map(%x: tensor<?x64xf32>, %c: f32) {
  // expected-error @below {{region uses a value from outside in arith.addf}}
  %0 = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    %1 = arith.addf %a, %c : f32
    kernel.yield %1 : f32
  }
  return
}

// -----

func.func private @f(f32) -> f32
func.func @map(%x: tensor<?x64xf32>) {
  // expected-error @below {{region may hold arith and math ops only, not func.call}}
  %0 = kernel.map %x {offsets = array<i64: 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    %1 = func.call @f(%a) : (f32) -> f32
    kernel.yield %1 : f32
  }
  return
}

// -----

func.func @map(%x: tensor<?x64xf32>) {
  // expected-error @below {{has 2 offsets for 1 inputs}}
  %0 = kernel.map %x {offsets = array<i64: 0, 0>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @map(%x: tensor<?x64xf32>) {
  // expected-error @below {{columns [16, 80) of input 0 go beyond its 64}}
  %0 = kernel.map %x {offsets = array<i64: 16>} : tensor<?x64xf32> -> tensor<?x64xf32> {
  ^bb0(%a: f32):
    kernel.yield %a : f32
  }
  return
}

// -----

func.func @attention(%q: tensor<?x64xf32>) {
  // expected-error @below {{there is no llm.cache @layers.0}}
  %0 = kernel.attention %q over @layers.0 {heads = 2, scale = 0.125} : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 2, head_dim = 32, k = "native", v = "native"}
func.func @attention(%q: tensor<?x96xf32>) {
  // expected-error @below {{3 heads cannot share the 2 KV heads of @layers.0; a multiple of 2 can}}
  %0 = kernel.attention %q over @layers.0 {heads = 3, scale = 0.125} : tensor<?x96xf32> -> tensor<?x96xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 2, head_dim = 32, k = "native", v = "native"}
func.func @attention(%q: tensor<?x96xf32>) {
  // expected-error @below {{result has 96 columns, but 2 heads of 32 in @layers.0 make 64}}
  %0 = kernel.attention %q over @layers.0 {heads = 2, scale = 0.125} : tensor<?x96xf32> -> tensor<?x96xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
func.func @rope_append(%q: tensor<?x128xf32>) {
  // expected-error @below {{columns [112, 144) of v go beyond its 128}}
  %0 = kernel.rope_append %q, %q, %q into @layers.0 {heads = 2, offsets = array<i64: 0, 64, 112>} : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
func.func @rope_append(%q: tensor<?x128xf32>, %n: tensor<64xf32>) {
  // expected-error @below {{q_norm must be a vector of 32 elements, not 'tensor<64xf32>'}}
  %0 = kernel.rope_append %q, %q, %q norms %n, %n : tensor<64xf32>, tensor<64xf32> into @layers.0 {heads = 2, eps = 1.0e-6, offsets = array<i64: 0, 64, 96>} : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "native", v = "native"}
func.func @rope_append(%q: tensor<?x128xf32>, %n: tensor<32xf32>) {
  // expected-error @below {{eps belongs to norms}}
  %0 = kernel.rope_append %q, %q, %q norms %n, %n : tensor<32xf32>, tensor<32xf32> into @layers.0 {heads = 2, offsets = array<i64: 0, 64, 96>} : tensor<?x128xf32>, tensor<?x128xf32>, tensor<?x128xf32> -> tensor<?x64xf32>
  return
}

// -----

// expected-error @below {{grid must map the symbols ()[T, B]}}
#launch = #kernel.launch<grid = (d0)[T, B] -> (d0)>

// -----

// expected-error @below {{grid factors are positive constants, T, B and ceildivs of T or B}}
#launch = #kernel.launch<grid = ()[T, B] -> (T * 4)>

// -----

// expected-error @below {{grid has 4 factors, must have 1 to 3}}
#launch = #kernel.launch<grid = ()[T, B] -> (1, 2, 3, 4)>

// -----

// expected-error @below {{block, shared and scratch must not be negative}}
#launch = #kernel.launch<grid = ()[T, B] -> (T), block = -1>

// -----

func.func @score(%logits: tensor<?x512xf32>, %targets: tensor<?xi32>) {
  // expected-error @below {{result has 4 columns, needs 5}}
  %0 = kernel.score %logits, %targets : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x4xf32>
  return
}

// -----

func.func @score(%logits: tensor<?x50257xf32>, %targets: tensor<?xi32>) {
  // expected-error @below {{a row of 50257 logits is scored in 13 parts with partials}}
  %0 = kernel.score %logits, %targets : tensor<?x50257xf32>, tensor<?xi32> -> tensor<?x5xf32>
  return
}

// -----

func.func @score(%logits: tensor<?x512xf32>, %targets: tensor<?xi32>) {
  // expected-error @below {{a row of 512 logits is scored in 1 part, which has no partials}}
  %0, %p = kernel.score %logits, %targets : tensor<?x512xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @score(%logits: tensor<?x50257xf32>, %targets: tensor<?xi32>) {
  // expected-error @below {{partials of 13 parts have 52 columns, not 'tensor<?x13xf32>'}}
  %0, %p = kernel.score %logits, %targets : tensor<?x50257xf32>, tensor<?xi32> -> tensor<?x5xf32>, tensor<?x13xf32>
  return
}

// -----

func.func @score(%logits: tensor<?x16777216xf32>, %targets: tensor<?xi32>) {
  // expected-error @below {{ids of 16777216 logits are not all numbers of f32}}
  %0 = kernel.score %logits, %targets : tensor<?x16777216xf32>, tensor<?xi32> -> tensor<?x5xf32>
  return
}

// -----

func.func @score(%logits: tensor<?x512xf32>, %targets: tensor<4xi32>) {
  // expected-error @below {{targets 'tensor<4xi32>' has other rows than 'tensor<?x512xf32>'}}
  %0 = kernel.score %logits, %targets : tensor<?x512xf32>, tensor<4xi32> -> tensor<?x5xf32>
  return
}

// -----

llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "int4 before_rope", v = "native"}
func.func @append_attention(%x: tensor<1x96xf32>) {
  // expected-error @below {{keys int4 before_rope of @layers.0 are cached before their rotary embedding; defer-key-rope makes ops of such caches}}
  %0 = kernel.append_attention %x, %x, %x over @layers.0 {heads = 1, offsets = array<i64: 0, 32, 64>, scale = 0.125, splits = 1} : tensor<1x96xf32>, tensor<1x96xf32>, tensor<1x96xf32> -> tensor<1x32xf32>
  return
}

// -----

llm.param @bias : tensor<32xf32>
llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "int4", v = "native"}
func.func @append_attention(%x: tensor<1x96xf32>) {
  %b = llm.get @bias : tensor<32xf32>
  // expected-error @below {{a bias of keys belongs to keys that are rotated as they are read}}
  %0 = kernel.append_attention %x, %x, %x over @layers.0 bias %b : tensor<32xf32> {heads = 1, offsets = array<i64: 0, 32, 64>, rope = #llm.rope<theta = 1.0e4>, scale = 0.125, splits = 1} : tensor<1x96xf32>, tensor<1x96xf32>, tensor<1x96xf32> -> tensor<1x32xf32>
  return
}

// -----

llm.param @bias : tensor<16xf32>
llm.cache @layers.0 {kv_heads = 1, head_dim = 32, k = "int4 before_rope", v = "native"}
func.func @append_attention(%x: tensor<1x96xf32>) {
  %b = llm.get @bias : tensor<16xf32>
  // expected-error @below {{key_bias}}
  %0 = kernel.append_attention %x, %x, %x over @layers.0 bias %b : tensor<16xf32> {heads = 1, offsets = array<i64: 0, 32, 64>, rope = #llm.rope<theta = 1.0e4>, scale = 0.125, splits = 1} : tensor<1x96xf32>, tensor<1x96xf32>, tensor<1x96xf32> -> tensor<1x32xf32>
  return
}
