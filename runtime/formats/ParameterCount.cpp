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

static int64_t attentionParameters(const ModelConfig &config) {
  const int64_t heads = config.numHeads * config.headDim;
  const int64_t kvHeads = config.numKvHeads * config.headDim;
  int64_t count = config.hiddenSize * (heads + 2 * kvHeads) + heads * config.hiddenSize;
  if (config.qkvBias)
    count += heads + 2 * kvHeads;
  if (config.attnOutBias)
    count += config.hiddenSize;
  if (config.qkNorm)
    count += 2 * config.headDim;
  return count;
}

static int64_t mlpParameters(const ModelConfig &config) {
  const int64_t inward = config.gatedMlp ? 2 : 1;
  int64_t count = (inward + 1) * config.hiddenSize * config.intermediateSize;
  if (config.mlpBias)
    count += inward * config.intermediateSize + config.hiddenSize;
  return count;
}

int64_t qopt::numParameters(const ModelConfig &config) {
  const int64_t tables = config.tieWordEmbeddings ? 1 : 2;
  int64_t count = tables * config.vocabSize * config.hiddenSize + normParameters(config);
  if (config.positionKind == PositionKind::Learned)
    count += config.maxPosition * config.hiddenSize;
  return count + config.numLayers * (attentionParameters(config) + mlpParameters(config) +
                                     2 * normParameters(config));
}
