//===- DecoderBuilder.cpp - the body that all decoders share --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/DecoderBuilder.h"
#include <cmath>

using namespace mlir;
using namespace qopt;
using llvm::StringLiteral;
using llvm::StringRef;

/// The rotary embedding as the dialect has it; null for learned positions.
static llm::RopeAttr ropeAttrOf(const ModelConfig &config, Builder &builder) {
  if (config.positionKind != PositionKind::Rope)
    return {};
  FloatAttr theta = builder.getF64FloatAttr(config.ropeTheta);
  MLIRContext *context = builder.getContext();
  if (auto *linear = std::get_if<LinearRopeScaling>(&config.ropeScaling))
    return llm::RopeAttr::get(context, theta, builder.getStringAttr("linear"),
                              builder.getF64FloatAttr(linear->factor), {}, {}, {});
  if (auto *llama3 = std::get_if<Llama3RopeScaling>(&config.ropeScaling))
    return llm::RopeAttr::get(context, theta, builder.getStringAttr("llama3"),
                              builder.getF64FloatAttr(llama3->factor),
                              builder.getF64FloatAttr(llama3->lowFreqFactor),
                              builder.getF64FloatAttr(llama3->highFreqFactor),
                              builder.getI64IntegerAttr(llama3->originalMaxPosition));
  return llm::RopeAttr::get(context, theta, {}, {}, {}, {}, {});
}

DecoderBuilder::DecoderBuilder(const ModelConfig &config, TensorSource &tensors, ModuleNames names,
                               MLIRContext *context)
    : builder(context), config(config), names(std::move(names)), tensors(tensors),
      rope(ropeAttrOf(config, builder)) {}

Location DecoderBuilder::loc(const std::string &module) const {
  return NameLoc::get(StringAttr::get(builder.getContext(), tensors.moduleName(module)));
}

RankedTensorType DecoderBuilder::activationType(int64_t columns) {
  return RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getF32Type());
}

OwningOpRef<ModuleOp> DecoderBuilder::build() {
  module = ModuleOp::create(loc(names.model));
  (*module)->setAttr("llm.config", builder.getStringAttr(toJson(config).dump()));
  buildForward();
  buildHead();
  if (load) {
    builder.setInsertionPointToEnd(&load.getBody().front());
    func::ReturnOp::create(builder, loc(names.model));
    load->moveBefore(module->getBody(), module->getBody()->end());
  }
  return std::move(module);
}

func::FuncOp DecoderBuilder::createFunction(StringRef name, TypeRange inputs, TypeRange results) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToEnd(module->getBody());
  auto type = builder.getFunctionType(inputs, results);
  auto function = func::FuncOp::create(builder, loc(names.model), name, type);
  Block *body = function.addEntryBlock();
  for (BlockArgument argument : body->getArguments())
    argument.setLoc(loc(names.model));
  return function;
}

void DecoderBuilder::buildForward() {
  auto idsType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  forward = createFunction("forward", {idsType, llm::BatchType::get(builder.getContext())},
                           activationType(config.hiddenSize));
  batch = forward.getArgument(1);
  builder.setInsertionPointToEnd(&forward.getBody().front());
  Value hidden = buildEmbedding(forward.getArgument(0));
  for (int64_t layer = 0; layer < config.numLayers; ++layer)
    hidden = buildLayer(layer, hidden);
  func::ReturnOp::create(builder, loc(names.model), hidden);
}

void DecoderBuilder::buildHead() {
  RankedTensorType hiddenType = activationType(config.hiddenSize);
  auto rowsType = RankedTensorType::get({ShapedType::kDynamic}, builder.getI32Type());
  func::FuncOp head =
      createFunction("head", {hiddenType, rowsType}, activationType(config.vocabSize));
  builder.setInsertionPointToEnd(&head.getBody().front());
  Value selected = llm::SelectRowsOp::create(builder, loc(names.model), hiddenType,
                                             head.getArgument(0), head.getArgument(1));
  Value normed = buildNorm(names.finalNorm, selected);
  std::string table = config.tieWordEmbeddings ? names.embedding : names.head;
  Value weight = buildGet(
      {table + ".weight", {config.vocabSize, config.hiddenSize}, TensorRequest::Use::Matrix});
  Value logits = llm::LinearOp::create(builder, loc(names.head), activationType(config.vocabSize),
                                       normed, weight, Value());
  func::ReturnOp::create(builder, loc(names.head), logits);
}

Value DecoderBuilder::buildEmbedding(Value ids) {
  RankedTensorType type = activationType(config.hiddenSize);
  Value table = buildGet({names.embedding + ".weight",
                          {config.vocabSize, config.hiddenSize},
                          TensorRequest::Use::Matrix});
  Value tokens = llm::EmbeddingOp::create(builder, loc(names.embedding), type, ids, table);
  if (config.positionKind == PositionKind::Rope)
    return tokens;
  Value positionTable = buildGet({names.positions + ".weight",
                                  {config.maxPosition, config.hiddenSize},
                                  TensorRequest::Use::Matrix});
  Location location = loc(names.positions);
  Value indices = llm::PositionsOp::create(builder, location, ids.getType(), batch);
  Value positions = llm::EmbeddingOp::create(builder, location, type, indices, positionTable);
  return llm::AddOp::create(builder, loc(names.model), tokens, positions);
}

Value DecoderBuilder::buildLayer(int64_t index, Value hidden) {
  std::string layer = names.layers + "." + std::to_string(index);
  FlatSymbolRefAttr cache = createCache(index);
  Value normed = buildNorm(layer + "." + names.attentionNorm, hidden);
  Value attended = buildAttention(layer, cache, normed);
  hidden = llm::AddOp::create(builder, loc(layer), hidden, attended);
  normed = buildNorm(layer + "." + names.mlpNorm, hidden);
  return llm::AddOp::create(builder, loc(layer), hidden, buildMlp(layer, normed));
}

Value DecoderBuilder::buildAttention(const std::string &layer, FlatSymbolRefAttr cache, Value x) {
  std::string attention = layer + "." + names.attention;
  Location location = loc(attention);
  auto [query, key, value] = buildProjections(attention, x);
  if (rope) {
    query = llm::RopeOp::create(builder, location, query, batch, config.headDim, rope);
    key = llm::RopeOp::create(builder, location, key, batch, config.headDim, rope);
  }
  llm::KvAppendOp::create(builder, location, key, value, batch, cache);
  Value attended = llm::AttentionOp::create(
      builder, location, query, batch, Value(), cache, builder.getI64IntegerAttr(config.numHeads),
      builder.getF64FloatAttr(1 / std::sqrt(double(config.headDim))), llm::SasAttr(),
      llm::RopeAttr());
  return buildLinear(layer + "." + names.attentionOut, attended, config.hiddenSize,
                     config.attnOutBias);
}

Value DecoderBuilder::buildMlp(const std::string &layer, Value x) {
  auto linear = [&](const std::string &name, Value input, int64_t outputs) {
    return buildLinear(layer + "." + name, input, outputs, config.mlpBias);
  };
  Value inner;
  if (config.gatedMlp) {
    Value gate = linear(names.gate, x, config.intermediateSize);
    gate = buildActivation(layer + "." + names.activation, gate);
    Value up = linear(names.up, x, config.intermediateSize);
    inner = llm::MulOp::create(builder, loc(layer + "." + names.mlp), gate, up);
  } else {
    Value up = linear(names.up, x, config.intermediateSize);
    inner = buildActivation(layer + "." + names.activation, up);
  }
  return linear(names.down, inner, config.hiddenSize);
}

Value DecoderBuilder::buildActivation(const std::string &module, Value x) {
  switch (config.activation) {
  case Activation::Silu:
    return llm::SiluOp::create(builder, loc(module), x);
  case Activation::GeluTanh:
    return llm::GeluOp::create(builder, loc(module), x, llm::GeluKind::Tanh);
  case Activation::GeluErf:
    return llm::GeluOp::create(builder, loc(module), x, llm::GeluKind::Erf);
  }
  llvm_unreachable("all activations are handled");
}

Value DecoderBuilder::buildNorm(const std::string &module, Value x) {
  if (config.normKind == NormKind::Rms)
    return buildRmsNorm(module, x, config.hiddenSize);
  Value weight = buildGet({module + ".weight", {config.hiddenSize}, TensorRequest::Use::Norm});
  Value bias = buildGet({module + ".bias", {config.hiddenSize}, TensorRequest::Use::Bias});
  return llm::LayerNormOp::create(builder, loc(module), x, weight, bias,
                                  builder.getF64FloatAttr(config.normEps));
}

Value DecoderBuilder::buildRmsNorm(const std::string &module, Value x, int64_t size) {
  Value weight = buildGet({module + ".weight", {size}, TensorRequest::Use::Norm});
  return llm::RmsNormOp::create(builder, loc(module), x, weight,
                                builder.getF64FloatAttr(config.normEps));
}

Value DecoderBuilder::buildLinear(const std::string &module, Value x, int64_t outputs,
                                  bool hasBias) {
  int64_t inputs = cast<RankedTensorType>(x.getType()).getDimSize(1);
  Value weight = buildLinearWeight(module, outputs, inputs);
  Value bias =
      hasBias ? buildGet({module + ".bias", {outputs}, TensorRequest::Use::Bias}) : Value();
  return llm::LinearOp::create(builder, loc(module), activationType(outputs), x, weight, bias);
}

Value DecoderBuilder::buildSlice(const std::string &module, Value x, int64_t offset, int64_t size) {
  return llm::SliceOp::create(builder, loc(module), activationType(size), x, offset);
}

FlatSymbolRefAttr DecoderBuilder::createCache(int64_t index) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(forward);
  auto cache = llm::CacheOp::create(builder, loc(names.layers + "." + std::to_string(index)),
                                    "layers." + std::to_string(index), config.numKvHeads,
                                    config.headDim, "native", "native");
  return FlatSymbolRefAttr::get(cache);
}

llm::ParamOp DecoderBuilder::createParam(const std::string &name, const std::string &symbol,
                                         const Tensor &tensor) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(forward);
  return llm::ParamOp::create(builder, loc(name), symbol, tensor.type, tensor.contents);
}

DecoderBuilder::StoredTensor DecoderBuilder::createStored(const TensorRequest &request) {
  Tensor tensor = tensors.get(request);
  if (!tensor.scheme)
    return {{createParam(request.name, request.name, tensor)}, {}};
  StoredTensor result = {{createParam(request.name, request.name + ".codes", tensor)},
                         tensor.scheme};
  constexpr StringLiteral suffixes[] = {".scales", ".zeros"};
  for (auto [parameter, suffix] : llvm::zip(tensor.parameters, suffixes))
    result.params.push_back(createParam(request.name, request.name + suffix.str(), parameter));
  return result;
}

Value DecoderBuilder::buildGet(const TensorRequest &request) {
  StoredTensor &tensor = stored[request.name];
  if (tensor.params.empty())
    tensor = createStored(request);
  SmallVector<Value> values;
  for (llm::ParamOp param : tensor.params)
    values.push_back(llm::GetOp::create(builder, param.getLoc(), param.getType(),
                                        FlatSymbolRefAttr::get(param)));
  if (!tensor.scheme)
    return values.front();
  return q::DequantizeOp::create(builder, loc(request.name),
                                 RankedTensorType::get(request.shape, builder.getF32Type()),
                                 values.front(), ArrayRef(values).drop_front(), tensor.scheme,
                                 /*fake=*/false);
}

Value DecoderBuilder::buildComputed(const std::string &name, const std::string &module,
                                    llvm::function_ref<Value()> compute) {
  if (!load)
    load = createFunction("load", {}, {});
  OpBuilder::InsertPoint use = builder.saveInsertionPoint();
  builder.setInsertionPointToEnd(&load.getBody().front());
  Value value = compute();
  llm::ParamOp param = createParam(name, name, {cast<RankedTensorType>(value.getType()), {}});
  llm::SetOp::create(builder, loc(module), FlatSymbolRefAttr::get(param), value);
  builder.restoreInsertionPoint(use);
  return llm::GetOp::create(builder, loc(name), param.getType(), FlatSymbolRefAttr::get(param));
}
