// A layer of LLaMA with a bias in v: 4 query heads of 8, 2 KV heads; and a head with the final norm.
llm.param @layers.0.input_layernorm.weight : tensor<32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.q_proj.weight : tensor<32x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.k_proj.weight : tensor<16x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.v_proj.weight : tensor<16x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.v_proj.bias : tensor<16xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.o_proj.weight : tensor<32x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.post_attention_layernorm.weight : tensor<32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.gate_proj.weight : tensor<48x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.up_proj.weight : tensor<48x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @layers.0.down_proj.weight : tensor<32x48xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @norm.weight : tensor<32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.param @lm_head.weight : tensor<100x32xbf16> = #llm.random<seed = 1, deviation = 1.0>
llm.cache @layers.0 {kv_heads = 2, head_dim = 8, k = "native", v = "native"}

func.func @forward(%x: tensor<?x32xf32>, %batch: !llm.batch) -> tensor<?x32xf32> {
  %n0 = llm.get @layers.0.input_layernorm.weight : tensor<32xbf16>
  %0 = llm.rms_norm %x, %n0 {eps = 1.0e-5 : f64} : tensor<?x32xf32>, tensor<32xbf16>
  %wq = llm.get @layers.0.q_proj.weight : tensor<32x32xbf16>
  %q = llm.linear %0, %wq : tensor<?x32xf32>, tensor<32x32xbf16> -> tensor<?x32xf32>
  %wk = llm.get @layers.0.k_proj.weight : tensor<16x32xbf16>
  %k = llm.linear %0, %wk : tensor<?x32xf32>, tensor<16x32xbf16> -> tensor<?x16xf32>
  %wv = llm.get @layers.0.v_proj.weight : tensor<16x32xbf16>
  %bv = llm.get @layers.0.v_proj.bias : tensor<16xbf16>
  %v = llm.linear %0, %wv bias %bv : tensor<?x32xf32>, tensor<16x32xbf16>, tensor<16xbf16> -> tensor<?x16xf32>
  llm.kv_append %k, %v, %batch into @layers.0 : tensor<?x16xf32>, tensor<?x16xf32>
  %1 = llm.attention %q, %batch over @layers.0 {heads = 4, scale = 0.35 : f64} : tensor<?x32xf32>
  %wo = llm.get @layers.0.o_proj.weight : tensor<32x32xbf16>
  %2 = llm.linear %1, %wo : tensor<?x32xf32>, tensor<32x32xbf16> -> tensor<?x32xf32>
  %3 = llm.add %x, %2 : tensor<?x32xf32>
  %n1 = llm.get @layers.0.post_attention_layernorm.weight : tensor<32xbf16>
  %4 = llm.rms_norm %3, %n1 {eps = 1.0e-5 : f64} : tensor<?x32xf32>, tensor<32xbf16>
  %wg = llm.get @layers.0.gate_proj.weight : tensor<48x32xbf16>
  %5 = llm.linear %4, %wg : tensor<?x32xf32>, tensor<48x32xbf16> -> tensor<?x48xf32>
  %6 = llm.silu %5 : tensor<?x48xf32>
  %wu = llm.get @layers.0.up_proj.weight : tensor<48x32xbf16>
  %7 = llm.linear %4, %wu : tensor<?x32xf32>, tensor<48x32xbf16> -> tensor<?x48xf32>
  %8 = llm.mul %6, %7 : tensor<?x48xf32>
  %wd = llm.get @layers.0.down_proj.weight : tensor<32x48xbf16>
  %9 = llm.linear %8, %wd : tensor<?x48xf32>, tensor<32x48xbf16> -> tensor<?x32xf32>
  %10 = llm.add %3, %9 : tensor<?x32xf32>
  return %10 : tensor<?x32xf32>
}

func.func @head(%hidden: tensor<?x32xf32>) -> tensor<?x100xf32> {
  %n = llm.get @norm.weight : tensor<32xbf16>
  %0 = llm.rms_norm %hidden, %n {eps = 1.0e-5 : f64} : tensor<?x32xf32>, tensor<32xbf16>
  %w = llm.get @lm_head.weight : tensor<100x32xbf16>
  %1 = llm.linear %0, %w : tensor<?x32xf32>, tensor<100x32xbf16> -> tensor<?x100xf32>
  return %1 : tensor<?x100xf32>
}
