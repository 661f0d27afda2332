//===- ParameterCount.cpp - how many numbers a model has ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/ModelConfig.h"

using namespace qopt;

static int64_t normParameters(const ModelConfig &config) {
  return config.hiddenSize * (config.normKind == NormKind::Layer ? 2 : 1);
}

/// Biases and the norms of single heads.
static int64_t layerVectorParameters(const ModelConfig &config) {
  int64_t count = 2 * normParameters(config);
  if (config.qkvBias)
    count += (config.numHeads + 2 * config.numKvHeads) * config.headDim;
  if (config.attnOutBias)
    count += config.hiddenSize;
  if (config.qkNorm)
    count += 2 * config.headDim;
  if (config.mlpBias)
    count += (config.gatedMlp ? 2 : 1) * config.intermediateSize + config.hiddenSize;
  return count;
}

int64_t qopt::layerMatrixParameters(const ModelConfig &config) {
  const int64_t attention = 2 * (config.numHeads + config.numKvHeads) * config.headDim;
  const int64_t mlp = (config.gatedMlp ? 3 : 2) * config.intermediateSize;
  return config.hiddenSize * (attention + mlp);
}

int64_t qopt::numParameters(const ModelConfig &config) {
  const int64_t tables = config.tieWordEmbeddings ? 1 : 2;
  int64_t count = tables * config.vocabSize * config.hiddenSize + normParameters(config);
  if (config.positionKind == PositionKind::Learned)
    count += config.maxPosition * config.hiddenSize;
  return count + config.numLayers * (layerMatrixParameters(config) + layerVectorParameters(config));
}
