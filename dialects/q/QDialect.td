//===- QDialect.td - the quantization dialect and its scheme --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_Q_QDIALECT_TD
#define QOPT_DIALECTS_Q_QDIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Q_Dialect : Dialect {
  let name = "q";
  let cppNamespace = "::qopt::q";
  let summary = "Quantization: codes, scales, and the scheme that relates them to values";
  let description = [{
    `q.quantize` and `q.dequantize` work on weights (in `@load`) and on activations alike. Scales and
    zero points are tensors, never literals in a type: a 7B model with groups of 64 has 10^8 of them.
    Fake quantization keeps `dequantize(quantize(w))` in `@load`; real quantization keeps the codes as
    parameters and the dequantize in the model, for kernels to fuse.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class Q_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let genSpecializedAttr = 0;
  let cppNamespace = "::qopt::q";
}

// The enums mirror runtime/quantization/Scheme.h, case by case.

def Q_Storage : Q_Enum<"Storage", "what an element is stored as", [
  I32EnumAttrCase<"Int8", 0, "int8">, I32EnumAttrCase<"Int4", 1, "int4">,
  I32EnumAttrCase<"Fp8E4M3", 2, "fp8_e4m3">, I32EnumAttrCase<"Fp8E5M2", 3, "fp8_e5m2">,
  I32EnumAttrCase<"Fp4E2M1", 4, "fp4_e2m1">, I32EnumAttrCase<"BF16", 5, "bf16">,
  I32EnumAttrCase<"F16", 6, "f16">]>;

def Q_Granularity : Q_Enum<"Granularity", "which elements of a matrix share a scale", [
  I32EnumAttrCase<"Tensor", 0, "tensor">, I32EnumAttrCase<"Row", 1, "row">,
  I32EnumAttrCase<"Group", 2, "group">, I32EnumAttrCase<"Block", 3, "block">]>;

def Q_ZeroPoint : Q_Enum<"ZeroPoint", "how zero is represented", [
  I32EnumAttrCase<"None", 0, "symmetric">, I32EnumAttrCase<"Integer", 1, "integer_zero">,
  I32EnumAttrCase<"Minimum", 2, "minimum">]>;

def Q_Rounding : Q_Enum<"Rounding", "what happens to ties", [
  I32EnumAttrCase<"HalfEven", 0, "half_even">, I32EnumAttrCase<"HalfAway", 1, "half_away">]>;

def Q_Arithmetic : Q_Enum<"Arithmetic", "the order in which codes are computed", [
  I32EnumAttrCase<"Divide", 0, "divide">, I32EnumAttrCase<"Reciprocal", 1, "reciprocal">,
  I32EnumAttrCase<"Multiplier", 2, "multiplier">, I32EnumAttrCase<"Normalize", 3, "normalize">,
  I32EnumAttrCase<"Ggml", 4, "ggml">]>;

def Q_ScaleType : Q_Enum<"ScaleType", "what a scale is stored as", [
  I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"F16", 1, "f16">,
  I32EnumAttrCase<"E8M0", 2, "e8m0">, I32EnumAttrCase<"E4M3", 3, "e4m3">,
  I32EnumAttrCase<"F16Multiple", 4, "f16_multiple">]>;

def Q_SchemeAttr : AttrDef<Q_Dialect, "Scheme"> {
  let mnemonic = "scheme";
  let summary = "everything that decides codes and scales";
  let description = [{
    Divisor, rounding, range and the order of arithmetic are attributes because torchao, ggml, ModelOpt
    and the SmoothQuant code differ in exactly these (runtime/quantization/Scheme.h).

    ```mlir
    #q.scheme<storage = int8, granularity = row, zero = symmetric, divisor = 1.270000e+02 : f64,
              range = [-127, 127], rounding = half_even, arithmetic = divide>
    #q.scheme<storage = int4, granularity = group, block = [1, 64], zero = minimum, ...>
    ```
  }];
  let parameters = (ins
    EnumParameter<Q_Storage>:$storage,
    EnumParameter<Q_Granularity>:$granularity,
    OptionalParameter<"::mlir::DenseI64ArrayAttr">:$block,
    EnumParameter<Q_ZeroPoint>:$zero,
    "::mlir::FloatAttr":$divisor,
    "::mlir::DenseI64ArrayAttr":$range,
    EnumParameter<Q_Rounding>:$rounding,
    EnumParameter<Q_Arithmetic>:$arithmetic,
    EnumParameter<Q_ScaleType>:$scale,
    "::mlir::FloatAttr":$min_amax,
    "::mlir::FloatAttr":$min_scale);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The scheme as the runtime's arithmetic takes it, and back.
    ::qopt::Scheme toScheme() const;
    static SchemeAttr get(::mlir::MLIRContext *context, const ::qopt::Scheme &scheme);
    /// The shape of the scales of a value of this shape; the last dimensions are rows and columns.
    /// A dynamic number of rows stays dynamic where rows have their own scales.
    ::llvm::SmallVector<int64_t> scaleShape(::llvm::ArrayRef<int64_t> shape) const;
    /// Whether every row has scales of its own, one or one a group: what q.linear takes.
    bool isByRow() const;
    /// The scheme of the same codes with the scales of tensors and blocks given to each row.
    SchemeAttr spreadToRows() const;
    /// One a block of columns of each row, of `columns` columns; the scheme is by row.
    int64_t groupsOf(int64_t columns) const;
    /// Scales, and zeros: the tensors that codes of the scheme come with.
    size_t parameterCount() const;
    /// The element type of the codes.
    ::mlir::Type codeType() const;
  }];
}

#endif // QOPT_DIALECTS_Q_QDIALECT_TD
