//===- LlmDialect.td - the llm dialect, its types and attributes ----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_LLM_LLMDIALECT_TD
#define QOPT_DIALECTS_LLM_LLMDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Llm_Dialect : Dialect {
  let name = "llm";
  let cppNamespace = "::qopt::llm";
  let summary = "Decoder-only transformers on tensors, in the field's own terms";
  let description = [{
    The level at which a checkpoint is imported and graph passes work. The tokens of all sequences
    of a batch are packed: activations are `tensor<?xDxf32>` with one row a token, and a `!llm.batch`
    value says which sequence and position each row belongs to. Weights are `llm.param` symbols that
    name a checkpoint tensor; the key-value cache of each layer is an `llm.cache` symbol. Every op
    carries the checkpoint's module name as its location (`model.layers.3.mlp.down_proj`).

    A model is a module with two functions, which `specialize` turns into prefill and decode forms:

    ```mlir
    // the hidden states after the last layer, one row a token; appends to the caches
    func.func @forward(%ids: tensor<?xi32>, %batch: !llm.batch) -> tensor<?x256xf32>
    // logits of the rows asked for, after the final norm
    func.func @head(%hidden: tensor<?x256xf32>, %rows: tensor<?xi32>) -> tensor<?x1024xf32>
    ```

    and optionally `@load()`, whose ops compute parameters from other parameters once, when the
    artifact is written.
  }];
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
}

class Llm_Type<string name, string typeMnemonic> : TypeDef<Llm_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Llm_BatchType : Llm_Type<"Batch", "batch"> {
  let summary = "which sequence and position each packed token belongs to";
  let description = [{
    Stands for the int32 arrays that the runtime keeps on the device: `seq_start[B+1]`, `past[B]`,
    `token_seq[T]`, `token_pos[T]` and `page_table[B, max_pages]`.
  }];
}

class Llm_Attr<string name, string attrMnemonic> : AttrDef<Llm_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Llm_SasAttr : Llm_Attr<"Sas", "sas"> {
  let summary = "attention's exponential in two parts (SAS of TurboAttention, arXiv 2412.08585)";
  let description = [{
    `e^-x`, x from the greatest score so far down, is a table's entry for the integer part times a
    polynomial of `degree` in the rest, the least-squares fit on [0, 1]; beyond `threshold`, at most
    15, it is 0.

    ```mlir
    #llm.sas<threshold = 6.0, degree = 3>
    ```
  }];
  let parameters = (ins "::mlir::FloatAttr":$threshold, "int64_t":$degree);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Llm_RopeAttr : Llm_Attr<"Rope", "rope"> {
  let summary = "rotary position embedding: base and scaling";
  let description = [{
    Angles are `position * inv_freq[i]` with `inv_freq[i] = theta^(-2i/d)`, then scaled: `linear`
    divides by `factor`; `llama3` is the piecewise form of Llama 3.1 (transformers,
    modeling_rope_utils.py, `_compute_llama3_parameters`). Rotation pairs element `i` with `i + d/2`.

    ```mlir
    #llm.rope<theta = 1.0e4>
    #llm.rope<theta = 5.0e5, scaling = "llama3", factor = 8.0, low_freq_factor = 1.0,
              high_freq_factor = 4.0, original_context = 8192>
    ```
  }];
  let parameters = (ins
    "::mlir::FloatAttr":$theta,
    OptionalParameter<"::mlir::StringAttr">:$scaling,
    OptionalParameter<"::mlir::FloatAttr">:$factor,
    OptionalParameter<"::mlir::FloatAttr">:$low_freq_factor,
    OptionalParameter<"::mlir::FloatAttr">:$high_freq_factor,
    OptionalParameter<"::mlir::IntegerAttr">:$original_context);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The angles that a position advances by, `headDim / 2` of them.
    std::vector<double> inverseFrequencies(int64_t headDim) const;
  }];
}

def Llm_SourceAttr : Llm_Attr<"Source", "source"> {
  let summary = "a tensor of a checkpoint file";
  let description = [{
    The file is relative to the module's `llm.checkpoint` (a directory, or a GGUF file in one); the
    tensor's offset is looked up in the file's own header when it is read, so that IR and file cannot
    disagree silently.

    A tensor of GGUF's block types has three parts beside its values, as `q.dequantize` takes them:
    `codes` (i8, or i4 where they fit), `scales` and `zeros` (f32, one a group of a row). Without a
    part, the values are decoded to the parameter's type. `heads` says that the tensor's rows are those
    of that many heads, each with its two halves interleaved, as GGUF has the queries and keys of Llama.

    ```mlir
    #llm.source<"model.safetensors", "model.norm.weight">
    #llm.source<"model.gguf", "blk.0.attn_q.weight" part = "codes" heads = 32>
    ```
  }];
  let parameters = (ins StringRefParameter<>:$file, StringRefParameter<>:$tensor,
                        OptionalParameter<"::mlir::StringAttr">:$part,
                        DefaultValuedParameter<"int64_t", "0">:$heads);
  let assemblyFormat = "`<` $file `,` $tensor (`part` `=` $part^)? (`heads` `=` $heads^)? `>`";
  let builders = [AttrBuilder<(ins "::llvm::StringRef":$file, "::llvm::StringRef":$tensor), [{
    return $_get($_ctxt, file, tensor, ::mlir::StringAttr(), 0);
  }]>];
  let genVerifyDecl = 1;
}

def Llm_RandomAttr : Llm_Attr<"Random", "random"> {
  let summary = "seeded random contents, filled in when the artifact is loaded";
  let description = [{
    Uniform values of the given standard deviation, a pure function of seed, parameter name and
    element index (runtime/formats/RandomFill.h).
  }];
  let parameters = (ins "int64_t":$seed, "::mlir::FloatAttr":$deviation);
  let assemblyFormat = "`<` `seed` `=` $seed `,` `deviation` `=` $deviation `>`";
  let genVerifyDecl = 1;
}

def Llm_SplatAttr : Llm_Attr<"Splat", "splat"> {
  let summary = "one value in every element";
  let parameters = (ins "::mlir::FloatAttr":$value);
  let assemblyFormat = "`<` $value `>`";
  let genVerifyDecl = 1;
}

def Llm_GeluKind : I32EnumAttr<"GeluKind", "which form of GELU",
    [I32EnumAttrCase<"Erf", 0, "erf">, I32EnumAttrCase<"Tanh", 1, "tanh">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::qopt::llm";
}
def Llm_GeluKindAttr : EnumAttr<Llm_Dialect, Llm_GeluKind, "gelu_kind">;

// Mirrors runtime/quantization/Smoothing.h, case by case.
def Llm_SmoothingVariant : I32EnumAttr<"SmoothingVariant", "whose definition of SmoothQuant's scale",
    [I32EnumAttrCase<"Mit", 0, "mit">, I32EnumAttrCase<"LlmCompressor", 1, "llm_compressor">,
     I32EnumAttrCase<"ModelOpt", 2, "modelopt">]> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::qopt::llm";
}
def Llm_SmoothingVariantAttr : EnumAttr<Llm_Dialect, Llm_SmoothingVariant, "smoothing_variant">;

#endif // QOPT_DIALECTS_LLM_LLMDIALECT_TD
