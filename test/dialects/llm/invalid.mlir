// RUN: qopt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{type attribute of static and not empty tensor of rank 1 to 3}}
llm.param @w : tensor<?x8xf32>

// -----

// expected-error @+1 {{type attribute of static and not empty tensor of rank 1 to 3}}
llm.param @w : tensor<0x8xf32>

// -----

// expected-error @+1 {{type attribute of static and not empty tensor of rank 1 to 3}}
llm.param @w : tensor<8x8xi64>

// -----

// expected-error @+1 {{contents must be #llm.source, #llm.random, #llm.splat or numbers, not 1 : i64}}
llm.param @w : tensor<8xf32> = 1

// -----

// expected-error @+1 {{'../x.safetensors' is not inside the checkpoint directory}}
llm.param @w : tensor<8xf32> = #llm.source<"../x.safetensors", "w">

// -----

// expected-error @+1 {{'/etc/x.safetensors' is not inside the checkpoint directory}}
llm.param @w : tensor<8xf32> = #llm.source<"/etc/x.safetensors", "w">

// -----

// expected-error @+1 {{a source needs a file and a tensor}}
llm.param @w : tensor<8xf32> = #llm.source<"model.safetensors", "">

// -----

// expected-error @+1 {{unknown part 'bytes'; codes, scales and zeros are known}}
llm.param @w : tensor<8xf32> = #llm.source<"model.gguf", "w" part = "bytes">

// -----

// expected-error @+1 {{only tensors of GGUF files have parts and interleaved heads, not 'model.safetensors'}}
llm.param @w : tensor<8xf32> = #llm.source<"model.safetensors", "w" heads = 2>

// -----

// expected-error @+1 {{heads must not be negative}}
llm.param @w : tensor<8xf32> = #llm.source<"model.gguf", "w" heads = -2>

// -----

// expected-error @+1 {{deviation must be positive}}
llm.param @w : tensor<8xf32> = #llm.random<seed = 1, deviation = 0.0>

// -----

// expected-error @+1 {{the value must be a finite number}}
llm.param @w : tensor<8xf32> = #llm.splat<0x7FF0000000000000 : f64>

// -----

// expected-error @+1 {{has 2 KV heads of 300 elements; 1 or more of 1 to 256 would fit}}
llm.cache @c {kv_heads = 2, head_dim = 300, k = "native", v = "native"}

// -----

// expected-error @+1 {{unknown cache format 'int3'; native, f16, bf16, int8, int4, int2, fp8_e4m3, fp8_e5m2, uniform2 to 8 and lloyd_max2 to 8 are known}}
llm.cache @c {kv_heads = 2, head_dim = 64, k = "native", v = "int3"}

// -----

// expected-error @+1 {{unknown attribute 'llm.chekpoint'}}
module attributes {llm.chekpoint = "x"} {}

// -----

// expected-error @+1 {{'llm.checkpoint' must be a string on a module}}
module attributes {llm.checkpoint = 1} {}

// -----

// expected-error @+1 {{llm.config: broken JSON: line 1, column 2: }}
module attributes {llm.config = "{"} {}

// -----

// expected-error @+1 {{llm.config: }}
module attributes {llm.config = "{}"} {}

// -----

func.func @get() {
  // expected-error @+1 {{there is no llm.param @w}}
  %0 = llm.get @w : tensor<8xf32>
  return
}

// -----

// expected-note @+1 {{the parameter}}
llm.param @w : tensor<8xbf16> = #llm.splat<1.0>
func.func @get() {
  // expected-error @+1 {{has type 'tensor<8xf32>', but @w is a 'tensor<8xbf16>'}}
  %0 = llm.get @w : tensor<8xf32>
  return
}

// -----

llm.param @w : tensor<8xf32>
func.func @forward(%x: tensor<8xf32>) {
  // expected-error @+1 {{parameters are computed in @load, at its top level}}
  llm.set @w, %x : tensor<8xf32>
  return
}

// -----

llm.param @v : tensor<8xf32> = #llm.splat<1.0>
llm.param @w : tensor<8xf32>
func.func @load() {
  %0 = llm.get @v : tensor<8xf32>
  // expected-note @+1 {{here first}}
  llm.set @w, %0 : tensor<8xf32>
  // expected-error @+1 {{@w is set twice}}
  llm.set @w, %0 : tensor<8xf32>
  return
}

// -----

llm.param @v : tensor<8xf32> = #llm.splat<1.0>
func.func @load() {
  %0 = llm.get @v : tensor<8xf32>
  // expected-error @+1 {{@v already has contents, #llm.splat<1.000000e+00 : f64>}}
  llm.set @v, %0 : tensor<8xf32>
  return
}

// -----

func.func @transpose(%w: tensor<4x8xf32>) {
  // expected-error @+1 {{result is 'tensor<4x8xf32>'; 'tensor<8x4xf32>' would fit}}
  %0 = llm.transpose %w : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @transpose(%w: tensor<8xf32>) {
  // expected-error @+1 {{transposes matrices, not 'tensor<8xf32>'}}
  %0 = llm.transpose %w : tensor<8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @concat(%a: tensor<4x8xf32>, %b: tensor<4x6xf32>) {
  // expected-error @+1 {{cannot stack 'tensor<4x6xf32>' on 'tensor<4x8xf32>': they differ in more than the first dimension}}
  %0 = llm.concat %a, %b : tensor<4x8xf32>, tensor<4x6xf32> -> tensor<8x8xf32>
  return
}

// -----

func.func @concat(%a: tensor<4x8xf32>) {
  // expected-error @+1 {{result is 'tensor<4x8xf32>'; 'tensor<8x8xf32>' would fit}}
  %0 = llm.concat %a, %a : tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

func.func @cast(%w: tensor<4x8xf32>) {
  // expected-error @+1 {{changes the shape of 'tensor<4x8xf32>' to 'tensor<8x4xbf16>'; only the element type may change}}
  %0 = llm.cast %w : tensor<4x8xf32> -> tensor<8x4xbf16>
  return
}

// -----

func.func @pack(%w: tensor<40x8xf32>) {
  // expected-error @+1 {{result is 'tensor<1x8x32xf32>'; 'tensor<2x8x32xf32>' would fit}}
  %0 = llm.pack %w : tensor<40x8xf32> -> tensor<1x8x32xf32>
  return
}

// -----

func.func @pack(%w: tensor<40x8xf32>) {
  // expected-error @+1 {{has 3 ways; 1 and 2 are known}}
  %0 = llm.pack %w {ways = 3} : tensor<40x8xf32> -> tensor<2x8x32xf32>
  return
}

// -----

func.func @pack(%w: tensor<41x8xf32>) {
  // expected-error @+1 {{cannot halve 41 rows; an even number would fit}}
  %0 = llm.pack %w {ways = 2} : tensor<41x8xf32> -> tensor<2x8x32xf32>
  return
}

// -----

func.func @pack(%w: tensor<2x8x32xf32>) {
  // expected-error @+1 {{packs matrices and vectors, not 'tensor<2x8x32xf32>'}}
  %0 = llm.pack %w : tensor<2x8x32xf32> -> tensor<1x8x32xf32>
  return
}

// -----

func.func @embedding(%i: tensor<?xi32>, %t: tensor<40xf32>) {
  // expected-error @+1 {{table 'tensor<40xf32>' is neither a matrix [V, D] nor packed [panels, D, 32]}}
  %0 = llm.embedding %i, %t : (tensor<?xi32>, tensor<40xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @embedding(%i: tensor<?xi32>, %t: tensor<40x8xf32>) {
  // expected-error @+1 {{has rows of 16 elements, but the table's have 8}}
  %0 = llm.embedding %i, %t : (tensor<?xi32>, tensor<40x8xf32>) -> tensor<?x16xf32>
  return
}

// -----

func.func @embedding(%i: tensor<?xi32>, %t: tensor<40x8xf32>) {
  // expected-error @+1 {{needs as many rows in 'tensor<1x8xf32>' as in 'tensor<?xi32>'}}
  %0 = llm.embedding %i, %t : (tensor<?xi32>, tensor<40x8xf32>) -> tensor<1x8xf32>
  return
}

// -----

func.func @activation(%x: tensor<?x?xf32>) {
  // expected-error @+1 {{must be matrix with a static row length of 32-bit float values}}
  %0 = llm.silu %x : tensor<?x?xf32>
  return
}

// -----

func.func @rms_norm(%x: tensor<?x8xf32>, %w: tensor<6xf32>) {
  // expected-error @+1 {{weight 'tensor<6xf32>' does not fit rows of 8; a vector whose length divides it would}}
  %0 = llm.rms_norm %x, %w {eps = 1.0e-5} : tensor<?x8xf32>, tensor<6xf32>
  return
}

// -----

func.func @rms_norm(%x: tensor<?x8xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{eps is -1.000000e+00; a finite number from 0 on would fit}}
  %0 = llm.rms_norm %x, %w {eps = -1.0} : tensor<?x8xf32>, tensor<8xf32>
  return
}

// -----

func.func @layer_norm(%x: tensor<?x8xf32>, %w: tensor<8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{bias 'tensor<4xf32>' does not fit rows of 8; a vector of 8 would}}
  %0 = llm.layer_norm %x, %w, %b {eps = 1.0e-5} : tensor<?x8xf32>, tensor<8xf32>, tensor<4xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<16x6xf32>) {
  // expected-error @+1 {{weight 'tensor<16x6xf32>' does not make 16 columns of 8; 'tensor<16x8xf32>' would}}
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<16x6xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<16x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{bias 'tensor<8xf32>' does not fit 16 columns; a vector of 16 would}}
  %0 = llm.linear %x, %w bias %b : tensor<?x8xf32>, tensor<16x8xf32>, tensor<8xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<16x8xf32>) {
  // expected-error @+1 {{needs as many rows in 'tensor<1x16xf32>' as in 'tensor<?x8xf32>'}}
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<16x8xf32> -> tensor<1x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<16x8xf32>) {
  // expected-error @+1 {{has 2 ways, but its weight is not packed}}
  %0 = llm.linear %x, %w {ways = 2} : tensor<?x8xf32>, tensor<16x8xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<2x8x32xf32>) {
  // expected-error @+1 {{weight 'tensor<2x8x32xf32>' does not make 80 columns of 8; 'tensor<3x8x32xf32>' would}}
  %0 = llm.linear %x, %w : tensor<?x8xf32>, tensor<2x8x32xf32> -> tensor<?x80xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<1x8x32xf32>, %b: tensor<16xf32>) {
  // expected-error @+1 {{bias 'tensor<16xf32>' does not fit 16 columns; 'tensor<1x32xf32>' would}}
  %0 = llm.linear %x, %w bias %b : tensor<?x8xf32>, tensor<1x8x32xf32>, tensor<16xf32> -> tensor<?x16xf32>
  return
}

// -----

func.func @linear(%x: tensor<?x8xf32>, %w: tensor<1x8x32xf32>) {
  // expected-error @+1 {{cannot halve 15 columns; an even number would fit}}
  %0 = llm.linear %x, %w {ways = 2} : tensor<?x8xf32>, tensor<1x8x32xf32> -> tensor<?x15xf32>
  return
}

// -----

func.func @slice(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{4 columns at 6 are not all in the 8 of 'tensor<?x8xf32>'}}
  %0 = llm.slice %x at 6 : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @slice(%x: tensor<?x8xf32>) {
  // expected-error @+1 {{4 columns at 9223372036854775807 are not all in the 8 of}}
  %0 = llm.slice %x at 9223372036854775807 : tensor<?x8xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @rope(%x: tensor<?x9xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{head_dim is 3; an even number from 2 to 256 would fit}}
  %0 = llm.rope %x, %batch {head_dim = 3, rope = #llm.rope<theta = 1.0e4>} : tensor<?x9xf32>
  return
}

// -----

func.func @rope(%x: tensor<?x10xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{rows of 10 are not a number of heads of 4}}
  %0 = llm.rope %x, %batch {head_dim = 4, rope = #llm.rope<theta = 1.0e4>} : tensor<?x10xf32>
  return
}

// -----

// expected-error @+1 {{theta must be positive}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 0.0>}

// -----

// expected-error @+1 {{without 'scaling', only theta has a meaning}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 1.0, factor = 2.0>}

// -----

// expected-error @+1 {{unknown scaling 'yarn'; 'linear' and 'llama3' are known}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 1.0, scaling = "yarn", factor = 2.0>}

// -----

// expected-error @+1 {{scaling 'linear' needs a positive factor}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 1.0, scaling = "linear">}

// -----

// expected-error @+1 {{llama3 scaling needs low_freq_factor, high_freq_factor and original_context}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 1.0, scaling = "llama3", factor = 2.0>}

// -----

// expected-error @+1 {{low_freq_factor 4.000000e+00 must be less than high_freq_factor 1.000000e+00}}
func.func private @f() attributes {test.rope = #llm.rope<theta = 1.0, scaling = "llama3", factor = 2.0, low_freq_factor = 4.0, high_freq_factor = 1.0, original_context = 8>}

// -----

func.func @append(%x: tensor<?x8xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{there is no llm.cache @c}}
  llm.kv_append %x, %x, %batch into @c : tensor<?x8xf32>, tensor<?x8xf32>
  return
}

// -----

llm.cache @c {kv_heads = 2, head_dim = 4, k = "native", v = "native"}
func.func @append(%k: tensor<?x8xf32>, %v: tensor<?x4xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{v 'tensor<?x4xf32>' does not fit 2 heads of 4 in @c; rows of 8 would}}
  llm.kv_append %k, %v, %batch into @c : tensor<?x8xf32>, tensor<?x4xf32>
  return
}

// -----

llm.cache @c {kv_heads = 2, head_dim = 4, k = "native", v = "native"}
func.func @attention(%q: tensor<?x12xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{3 query heads do not share 2 KV heads of @c; a multiple of 2 would}}
  %0 = llm.attention %q, %batch over @c {heads = 3, scale = 0.5} : tensor<?x12xf32>
  return
}

// -----

llm.cache @c {kv_heads = 2, head_dim = 4, k = "native", v = "native"}
func.func @attention(%q: tensor<?x12xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{rows of 12 are not 4 heads of 4}}
  %0 = llm.attention %q, %batch over @c {heads = 4, scale = 0.5} : tensor<?x12xf32>
  return
}

// -----

llm.cache @c {kv_heads = 2, head_dim = 4, k = "native", v = "native"}
func.func @attention(%q: tensor<?x8xf32>, %batch: !llm.batch) {
  // expected-error @+1 {{scale is 0.000000e+00; a positive number would fit}}
  %0 = llm.attention %q, %batch over @c {heads = 2, scale = 0.0} : tensor<?x8xf32>
  return
}

// -----

func.func @select(%x: tensor<?x8xf32>, %rows: tensor<?xi32>) {
  // expected-error @+1 {{rows of 8 become rows of 4; only their number may change}}
  %0 = llm.select_rows %x, %rows : tensor<?x8xf32>, tensor<?xi32> -> tensor<?x4xf32>
  return
}

// -----

func.func @repeat(%s: tensor<2x3xf32>) {
  // expected-error @below {{result is 'tensor<8x3xf32>'; 'tensor<6x3xf32>' would fit}}
  %0 = llm.repeat %s {times = 3} : tensor<2x3xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @repeat(%s: tensor<2xf32>) {
  // expected-error @below {{repeats rows of matrices once or more often, not of 'tensor<2xf32>' 3 times}}
  %0 = llm.repeat %s {times = 3} : tensor<2xf32> -> tensor<6xf32>
  return
}

// -----

func.func @pack(%c: tensor<33x7xi4>) {
  // expected-error @below {{result is 'tensor<2x7x32xi8>'; 'tensor<2x4x32xi8>' would fit}}
  %0 = llm.pack %c : tensor<33x7xi4> -> tensor<2x7x32xi8>
  return
}

// -----

func.func @pack(%c: tensor<33xi4>) {
  // expected-error @below {{packs vectors of whole bytes, not 'tensor<33xi4>'}}
  %0 = llm.pack %c : tensor<33xi4> -> tensor<2x32xi8>
  return
}

// -----

llm.cache @c {kv_heads = 1, head_dim = 4, k = "native", v = "native"}
func.func @attention(%q: tensor<?x4xf32>, %batch: !llm.batch) {
  // expected-error@+1 {{threshold must be above 0 and at most 15}}
  %0 = llm.attention %q, %batch over @c {heads = 1, scale = 0.5, softmax = #llm.sas<threshold = 16.0, degree = 3>} : tensor<?x4xf32>
  return
}

// -----

llm.cache @c {kv_heads = 1, head_dim = 4, k = "native", v = "native"}
func.func @attention(%q: tensor<?x4xf32>, %batch: !llm.batch) {
  // expected-error@+1 {{degree 6 must be 1 to 5}}
  %0 = llm.attention %q, %batch over @c {heads = 1, scale = 0.5, softmax = #llm.sas<threshold = 6.0, degree = 6>} : tensor<?x4xf32>
  return
}
