//===- LlmAttrVerifiers.cpp - checks of attributes ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/llm/Llm.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/ModelConfig.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::llm;

using EmitError = function_ref<InFlightDiagnostic()>;

static bool isPositive(FloatAttr value) { return value && value.getValueAsDouble() > 0; }

LogicalResult SasAttr::verify(EmitError emitError, FloatAttr threshold, int64_t degree) {
  if (!isPositive(threshold) || threshold.getValueAsDouble() > 15)
    return emitError() << "threshold must be above 0 and at most 15";
  if (degree < 1 || degree > 5)
    return emitError() << "degree " << degree << " must be 1 to 5";
  return success();
}

std::vector<double> RopeAttr::inverseFrequencies(int64_t headDim) const {
  ModelConfig config;
  config.headDim = headDim;
  config.ropeTheta = getTheta().getValueAsDouble();
  if (getScaling() && getScaling() == "linear")
    config.ropeScaling = LinearRopeScaling{getFactor().getValueAsDouble()};
  else if (getScaling())
    config.ropeScaling =
        Llama3RopeScaling{getFactor().getValueAsDouble(), getLowFreqFactor().getValueAsDouble(),
                          getHighFreqFactor().getValueAsDouble(), getOriginalContext().getInt()};
  return ropeInverseFrequencies(config);
}

LogicalResult RopeAttr::verify(EmitError emitError, FloatAttr theta, StringAttr scaling,
                               FloatAttr factor, FloatAttr lowFreqFactor, FloatAttr highFreqFactor,
                               IntegerAttr originalContext) {
  if (!isPositive(theta))
    return emitError() << "theta must be positive";
  bool hasLlama3Fields = lowFreqFactor || highFreqFactor || originalContext;
  if (!scaling) {
    if (factor || hasLlama3Fields)
      return emitError() << "without 'scaling', only theta has a meaning";
    return success();
  }
  if (!isPositive(factor))
    return emitError() << "scaling '" << scaling.getValue() << "' needs a positive factor";
  if (scaling == "linear") {
    if (hasLlama3Fields)
      return emitError() << "linear scaling has only a factor";
    return success();
  }
  if (scaling != "llama3")
    return emitError() << "unknown scaling '" << scaling.getValue()
                       << "'; 'linear' and 'llama3' are known";
  if (!isPositive(lowFreqFactor) || !isPositive(highFreqFactor) || !originalContext ||
      originalContext.getInt() < 1)
    return emitError()
           << "llama3 scaling needs low_freq_factor, high_freq_factor and original_context";
  if (lowFreqFactor.getValueAsDouble() >= highFreqFactor.getValueAsDouble())
    return emitError() << "low_freq_factor " << lowFreqFactor.getValueAsDouble()
                       << " must be less than high_freq_factor "
                       << highFreqFactor.getValueAsDouble();
  return success();
}

LogicalResult SourceAttr::verify(EmitError emitError, StringRef file, StringRef tensor,
                                 StringAttr part, int64_t heads) {
  if (file.empty() || tensor.empty())
    return emitError() << "a source needs a file and a tensor";
  // IR must not be a way to read files outside the checkpoint.
  bool leavesDirectory =
      llvm::any_of(llvm::make_range(llvm::sys::path::begin(file), llvm::sys::path::end(file)),
                   [](StringRef component) { return component == ".."; });
  if (llvm::sys::path::is_absolute(file) || leavesDirectory)
    return emitError() << "'" << file << "' is not inside the checkpoint directory";
  if (part && part != "codes" && part != "scales" && part != "zeros")
    return emitError() << "unknown part '" << part.getValue()
                       << "'; codes, scales and zeros are known";
  if (heads < 0)
    return emitError() << "heads must not be negative";
  if (!file.ends_with(".gguf") && (part || heads))
    return emitError() << "only tensors of GGUF files have parts and interleaved heads, not '"
                       << file << "'";
  return success();
}

LogicalResult RandomAttr::verify(EmitError emitError, int64_t, FloatAttr deviation) {
  if (!isPositive(deviation))
    return emitError() << "deviation must be positive";
  return success();
}

LogicalResult SplatAttr::verify(EmitError emitError, FloatAttr value) {
  if (!value || !value.getValue().isFinite())
    return emitError() << "the value must be a finite number";
  return success();
}

/// The whole model's config, so that passes and the artifact writer can rely on it.
static LogicalResult verifyConfig(Operation *op, StringRef text) {
  try {
    Json json = parseJson(std::string_view(text), "llm.config");
    modelConfigFromJson(JsonObject(json, "llm.config"));
  } catch (const Error &error) {
    return op->emitError() << error.what();
  }
  return success();
}

LogicalResult LlmDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName();
  if (name != "llm.config" && name != "llm.checkpoint" && name != kModelHashAttr)
    return op->emitError() << "unknown attribute '" << name << "'";
  auto value = dyn_cast<StringAttr>(attribute.getValue());
  if (!isa<ModuleOp>(op) || !value)
    return op->emitError() << "'" << name << "' must be a string on a module";
  return name == "llm.config" ? verifyConfig(op, value) : success();
}
