//===- GgufTensors.cpp - the tensors of a GGUF file, each checked ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/GgufTensors.h"
#include "dialects/import/ElementType.h"
#include "dialects/llm/Llm.h"
#include "mlir/IR/Diagnostics.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/GgufConfig.h"
#include "runtime/formats/GgufNames.h"
#include "runtime/formats/Quote.h"
#include "runtime/quantization/GgmlScheme.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace qopt;

GgufTensors::GgufTensors(const GgufCheckpoint &checkpoint, const ModelConfig &config,
                         std::optional<DType> dequantize, MLIRContext *context)
    : checkpoint(checkpoint), config(config), dequantize(dequantize), context(context) {}

std::string GgufTensors::moduleName(const std::string &module) const { return ggufName(module); }

Attribute GgufTensors::source(const GgufCheckpoint::Tensor &stored, StringRef part) const {
  return llm::SourceAttr::get(context, llvm::sys::path::filename(stored.file->path()),
                              stored.info->name,
                              part.empty() ? StringAttr() : StringAttr::get(context, part),
                              interleavedHeads(config, stored.info->name));
}

Tensor GgufTensors::get(const TensorRequest &request) {
  std::string name = ggufName(request.name);
  const GgufCheckpoint::Tensor &stored = checkpoint.get(name);
  const std::string &file = stored.file->path();
  const GgmlTraits &traits = ggmlTraits(stored.info->type);
  if (ArrayRef<int64_t>(stored.info->shape) != ArrayRef<int64_t>(request.shape))
    fail("{}: tensor {} has shape {}, but the metadata makes it {}", file, quote(name),
         formatShape(stored.info->shape), formatShape(request.shape));
  if (traits.isBlocks() && request.shape.size() != 2)
    fail("{}: tensor {} is a vector of {}; vectors must be F32, F16 or BF16", file, quote(name),
         traits.name);
  taken.insert(name);
  if (!traits.isBlocks())
    return makeValues(stored, request);
  ++blockTensors[traits.type];
  return dequantize ? makeValues(stored, request) : makeCodes(stored, request);
}

Tensor GgufTensors::makeValues(const GgufCheckpoint::Tensor &stored, const TensorRequest &request) {
  DType dtype = ggmlTraits(stored.info->type).dtype.value_or(dequantize.value_or(DType::F32));
  return {RankedTensorType::get(request.shape, elementTypeOf(dtype, context)), source(stored)};
}

Tensor GgufTensors::makeCodes(const GgufCheckpoint::Tensor &stored, const TensorRequest &request) {
  auto scheme = q::SchemeAttr::get(context, ggmlScheme(stored.info->type));
  auto parameterType =
      RankedTensorType::get(scheme.scaleShape(request.shape), Float32Type::get(context));
  Tensor codes = {RankedTensorType::get(request.shape, scheme.codeType()), source(stored, "codes"),
                  scheme};
  codes.parameters.push_back({parameterType, source(stored, "scales")});
  if (ggmlTraits(stored.info->type).hasZeros)
    codes.parameters.push_back({parameterType, source(stored, "zeros")});
  return codes;
}

void GgufTensors::finish() const {
  for (const auto &[name, tensor] : checkpoint.tensors())
    if (!taken.contains(name) && name != ropeFactorsName)
      fail("{}: tensor {} of shape {} does not belong to a {} model with {} layers and this "
           "metadata",
           tensor.file->path(), quote(name), formatShape(tensor.info->shape),
           toString(config.family), config.numLayers);
  for (auto [type, count] : blockTensors) {
    auto remark = emitRemark(NameLoc::get(StringAttr::get(context, "model")));
    remark << count << (count == 1 ? " tensor" : " tensors") << " of type "
           << StringRef(ggmlTraits(type).name);
    if (dequantize)
      remark << " become values of type " << StringRef(shortName(*dequantize));
    else
      remark << " stay quantized: " << describe(ggmlScheme(type));
  }
}
