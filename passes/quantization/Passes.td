//===- Passes.td - quantization as passes ---------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_PASSES_QUANTIZATION_PASSES_TD
#define QOPT_PASSES_QUANTIZATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def QuantizeWeights : Pass<"quantize-weights", "mlir::ModuleOp"> {
  let summary = "Insert quantize and dequantize at weights that a rule selects";
  let description = [{
    One rule. Each `llm.get` of a selected parameter is followed by `q.quantize` and `q.dequantize`;
    `fold-quantization` decides what of them runs when. A later rule replaces what an earlier one did
    to the tensors that it selects. Without `tensors`, the matrices of linear layers are selected;
    embedding, head and norms only when named. A rule that selects nothing is an error.

    ```
    --quantize-weights="type=int8 granularity=row"
    --quantize-weights="type=fp8_e4m3 granularity=group:128 mode=fake layers=0-1 skip='.*down_proj.weight'"
    ```
  }];
  let options = [
    Option<"type", "type", "std::string", "\"int8\"",
           "int8, int4, fp8_e4m3, fp8_e5m2, nvfp4, mxfp4, bf16, f16, or ggml's q8_0, q4_0, q4_1, "
           "q5_0, q5_1, q4_k, q5_k, q6_k">,
    Option<"granularity", "granularity", "std::string", "\"\"",
           "tensor, row, group:N or block:RxC; row if not given">,
    Option<"mode", "mode", "std::string", "\"real\"",
           "real: store codes; fake: store the dequantized values">,
    Option<"asymmetric", "asymmetric", "bool", "false", "codes from the minimum up">,
    Option<"preset", "preset", "std::string", "\"default\"",
           "whose arithmetic: default, torchao, ggml, modelopt or study">,
    Option<"layers", "layers", "std::string", "\"\"", "layer numbers and ranges: 0-3,11">,
    Option<"tensors", "tensors", "std::string", "\"\"",
           "a regular expression that must match the whole checkpoint name">,
    Option<"skip", "skip", "std::string", "\"\"",
           "a regular expression of checkpoint names to leave alone">
  ];
  let statistics = [
    Statistic<"numQuantized", "quantized", "Tensors quantized">,
    Statistic<"numSkipped", "skipped", "Tensors left alone by skip">
  ];
  let dependentDialects = ["q::QDialect"];
}

def QuantizeActivations : Pass<"quantize-activations", "mlir::ModuleOp"> {
  let summary = "Insert quantize and dequantize at the inputs of linears whose weights are quantized";
  let description = [{
    One rule, after `quantize-weights`. The input of each selected linear goes through `q.quantize`,
    which chooses scales while the model runs, and `q.dequantize`, which is fake where the weight's is.
    Linears that share an input share both. A later rule replaces what an earlier one did to the
    linears that it selects. `tensors` and `skip` are about the names of their weights; without
    `tensors` every linear whose weight is quantized is selected. A linear whose weight is not
    quantized is left alone, with a remark; a rule that selects nothing is an error.

    `dynamic=token` has a scale for each token, `group:N` one for each N elements of a token, and
    `tensor` one for all tokens of a step, so that a token's result depends on what is computed with it.
    `static=max` (`percentile`, `percentile:P`, `mse`, `entropy`) has one for each input that does not
    change: a parameter, chosen from the statistics of a `profile` that was recorded from the model as
    it is before this pass.

    ```
    --quantize-weights="type=int8" --quantize-activations="type=int8 dynamic=token"
    --quantize-activations="type=int8 static=percentile:99.9 profile=stats.safetensors"
    ```
  }];
  let options = [
    Option<"type", "type", "std::string", "\"int8\"", "int8, fp8_e4m3 or fp8_e5m2">,
    Option<"dynamic", "dynamic", "std::string", "\"token\"",
           "what shares a scale: token, tensor or group:N">,
    Option<"staticScale", "static", "std::string", "\"\"",
           "one scale for each input from a profile: max, percentile[:P], mse or entropy">,
    Option<"profile", "profile", "std::string", "\"\"", "what qrun calibrate wrote, for static">,
    Option<"preset", "preset", "std::string", "\"default\"",
           "whose arithmetic: default, torchao, ggml, modelopt or study">,
    Option<"layers", "layers", "std::string", "\"\"", "layer numbers and ranges: 0-3,11">,
    Option<"tensors", "tensors", "std::string", "\"\"",
           "a regular expression that must match the whole checkpoint name of a weight">,
    Option<"skip", "skip", "std::string", "\"\"",
           "a regular expression of checkpoint names of weights to leave alone">
  ];
  let statistics = [
    Statistic<"numLinears", "linears", "Linears that read quantized inputs">,
    Statistic<"numInputs", "inputs", "Inputs quantized">,
    Statistic<"numLeft", "left", "Linears left alone because their weights are not quantized">
  ];
  let dependentDialects = ["q::QDialect"];
}

def FoldQuantization : Pass<"fold-quantization", "mlir::ModuleOp"> {
  let summary = "Move weight quantization into @load";
  let description = [{
    Real quantization computes codes and scales in `@load` and leaves the dequantize in the model, for
    kernels to fuse; fake quantization computes the dequantized values there too. A type that only
    rounds (bf16, f16) needs no dequantize: the rounded tensor is the parameter.
  }];
  let statistics = [
    Statistic<"numReal", "real", "Tensors stored as codes and scales">,
    Statistic<"numFake", "fake", "Tensors stored as dequantized values">
  ];
  let dependentDialects = ["llm::LlmDialect", "mlir::func::FuncDialect"];
}

def FormQuantizedLinears : Pass<"form-quantized-linears", "mlir::ModuleOp"> {
  let summary = "Linears and embeddings of dequantized weights become ops on codes";
  let description = [{
    `llm.linear` of a dequantized weight, and perhaps of a dequantized input, becomes `q.linear`, and
    `llm.embedding` of a dequantized table `q.embedding`: what a kernel computes from codes. Scales of
    a whole tensor or of blocks of rows are given to each row in `@load` (llm.repeat), so that later
    passes and kernels know scales by row and by group only.

    ```mlir
    %c = llm.get @w.codes : tensor<512x256xi8>
    %s = llm.get @w.scales : tensor<512x1xf32>
    %w = q.dequantize %c, %s {scheme = #int8_row} : tensor<512x256xi8>, tensor<512x1xf32> -> tensor<512x256xf32>
    %y = llm.linear %x, %w : tensor<?x256xf32>, tensor<512x256xf32> -> tensor<?x512xf32>
    // becomes
    %y = q.linear %x, %c scales(%s : tensor<512x1xf32>) {weight_scheme = #int8_row}
        : tensor<?x256xf32>, tensor<512x256xi8> -> tensor<?x512xf32>
    ```
  }];
  let statistics = [
    Statistic<"numLinears", "linears", "Linears formed">,
    Statistic<"numTables", "tables", "Embeddings formed">
  ];
  let dependentDialects = ["llm::LlmDialect", "mlir::func::FuncDialect", "q::QDialect"];
}

def Instrument : Pass<"instrument", "mlir::ModuleOp"> {
  let summary = "Observe the inputs of linears, for calibration";
  let description = [{
    A `q.observe` before the first linear that reads a value, under the checkpoint names of the weights
    of all that do. The module's `llm.model_hash` is set: `qrun calibrate` writes it into the profile,
    and passes that take a profile compare it with the model before them. Quantization and
    instruments exclude each other.

    ```
    qopt MODEL --instrument -o obs.qmod && qrun calibrate obs.qmod --data text.txt -o stats.safetensors
    ```
  }];
  let statistics = [Statistic<"numObserved", "observed", "Inputs observed">];
  let dependentDialects = ["q::QDialect"];
}

def SmoothQuant : Pass<"smooth-quant", "mlir::ModuleOp"> {
  let summary = "Move the outliers of activations into weights (SmoothQuant, Xiao et al. 2022)";
  let description = [{
    Each channel of an input is divided by a scale s, in the parameters of what computes it, and the
    columns of the weights that read it are multiplied by s: the function stays, and quantized
    activations lose less. The scales are computed in `@load` (llm.smoothing) from the weights and
    the profile's statistics, which become parameters; smoothed parameters are f32. Runs on
    `@forward`, before quantization: the final norm is in `@head` and stays.

    * `norms`: the norm before q, k, v and gate, up (GPT-2: c_attn, c_fc), with a layer norm's bias;
    * `o-proj`: v's rows and bias, before o; with grouped-query attention the query heads of a group
      share s, the greatest of theirs;
    * `down-proj`: up's rows and bias, before down, in gated MLPs.

    `alpha=search` tries 0, 0.05, ..., 1 for each input by the error of W8A8 products on the profile's
    sampled rows, and `trace` gets all of them as JSON. A profile of another model is an error.

    ```
    --smooth-quant="profile=stats.safetensors alpha=0.5"
    ```
  }];
  let options = [
    Option<"profile", "profile", "std::string", "\"\"", "what qrun calibrate wrote">,
    Option<"alpha", "alpha", "std::string", "\"\"",
           "0 to 1, or search; the variant's own if not given (0.5; modelopt: 1)">,
    Option<"variant", "variant", "std::string", "\"mit\"",
           "whose statistics and limits: mit, llm-compressor or modelopt">,
    Option<"layers", "layers", "std::string", "\"\"", "layer numbers and ranges: 0-3,11">,
    Option<"norms", "norms", "bool", "true", "fold into norms">,
    Option<"oProj", "o-proj", "bool", "false", "fold the scales of o into v">,
    Option<"downProj", "down-proj", "bool", "false", "fold the scales of down into up">,
    Option<"trace", "trace", "std::string", "\"\"", "where alpha=search writes what it tried">
  ];
  let statistics = [
    Statistic<"numSmoothed", "smoothed", "Inputs smoothed">,
    Statistic<"numLeft", "left", "Inputs left alone because of other readers">
  ];
  let dependentDialects = ["llm::LlmDialect", "mlir::func::FuncDialect"];
}

def ReportQuantization : Pass<"report-quantization", "mlir::ModuleOp"> {
  let summary = "Print what quantization does to each tensor, and what it costs";
  let description = [{
    On standard output, for each tensor that the model reads: scheme, shape, bits of an element with its
    share of scales; mean |x - x^| / mean |x|, max |x - x^| and the signal-to-noise ratio; with a
    profile also max |y - y_ref| / max |y_ref| of products with its sampled rows; or why the tensor was
    left alone. Tied weights are one tensor. Errors are those of the smoothed weights where
    smooth-quant ran, of which the profile is before smoothing. `qopt --quantization-report=table`
    runs it after the passes asked for. With `keep` the module has it as `q.report`, in JSON, which
    write-artifact puts into the artifact.
  }];
  let options = [
    Option<"format", "format", "std::string", "\"table\"", "table or json">,
    Option<"profile", "profile", "std::string", "\"\"", "what qrun calibrate wrote of the model">,
    Option<"keep", "keep", "bool", "false", "keep it in the module, for the artifact">
  ];
}

#endif // QOPT_PASSES_QUANTIZATION_PASSES_TD
