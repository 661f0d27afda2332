//===- DecoderBuilder.h - the body that all decoders share ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_DIALECTS_IMPORT_DECODERBUILDER_H
#define QOPT_DIALECTS_IMPORT_DECODERBUILDER_H

#include "dialects/import/TensorSource.h"
#include "dialects/llm/Llm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/ModelConfig.h"

namespace qopt {

/// A family's names for the modules of a decoder. Those of a layer are relative to it.
struct ModuleNames {
  std::string model;     ///< what the others are in: "model"
  std::string embedding; ///< "model.embed_tokens"
  std::string positions; ///< the table of learned positions, if there is one
  std::string layers;    ///< "model.layers": the modules are numbered in it
  std::string finalNorm; ///< "model.norm"
  std::string head = "lm_head";

  std::string attentionNorm; ///< "input_layernorm"
  std::string attention;     ///< "self_attn"
  std::string attentionOut;  ///< "self_attn.o_proj"
  std::string mlpNorm;       ///< "post_attention_layernorm"
  std::string mlp;           ///< "mlp"
  std::string activation;    ///< "mlp.act_fn"
  std::string gate;          ///< "mlp.gate_proj", if the MLP is gated
  std::string up;            ///< "mlp.up_proj"
  std::string down;          ///< "mlp.down_proj"
};

/// Builds the llm module of a decoder-only transformer. What families differ in beyond names is
/// virtual: how queries, keys and values are made, and how linears store their weights.
class DecoderBuilder {
public:
  /// All must outlive the builder.
  DecoderBuilder(const ModelConfig &config, TensorSource &tensors, ModuleNames names,
                 mlir::MLIRContext *context);
  virtual ~DecoderBuilder() = default;

  /// Throws Error for a tensor that does not fit.
  mlir::OwningOpRef<mlir::ModuleOp> build();

protected:
  using Value = mlir::Value;

  /// What attention reads, one row a token; before rope.
  struct Projections {
    Value query, key, value;
  };
  /// `attention` is the name of the layer's attention module.
  virtual Projections buildProjections(const std::string &attention, Value x) = 0;

  /// The weight [outputs, inputs] of the linear `module`.
  virtual Value buildLinearWeight(const std::string &module, int64_t outputs, int64_t inputs) = 0;

  Value buildLinear(const std::string &module, Value x, int64_t outputs, bool hasBias);
  Value buildRmsNorm(const std::string &module, Value x, int64_t size);
  Value buildSlice(const std::string &module, Value x, int64_t offset, int64_t size);

  /// The values of a stored tensor, whose parameters the module gets on first use.
  Value buildGet(const TensorRequest &request);

  /// The value of a parameter that `@load` computes, as `compute` builds it from stored ones.
  Value buildComputed(const std::string &name, const std::string &module,
                      llvm::function_ref<Value()> compute);

  /// A location: the name of a checkpoint module.
  mlir::Location loc(const std::string &module) const;

  mlir::OpBuilder builder;
  const ModelConfig &config;
  const ModuleNames names;
  TensorSource &tensors;

private:
  /// A tensor's parameters: its values, or its codes and what comes with them.
  struct StoredTensor {
    llvm::SmallVector<llm::ParamOp, 3> params;
    qopt::q::SchemeAttr scheme;
  };

  mlir::func::FuncOp createFunction(llvm::StringRef name, mlir::TypeRange inputs,
                                    mlir::TypeRange results);
  void buildForward();
  void buildHead();
  Value buildEmbedding(Value ids);
  Value buildLayer(int64_t index, Value hidden);
  Value buildAttention(const std::string &layer, mlir::FlatSymbolRefAttr cache, Value x);
  Value buildMlp(const std::string &layer, Value x);
  Value buildNorm(const std::string &module, Value x);
  Value buildActivation(const std::string &module, Value x);
  mlir::FlatSymbolRefAttr createCache(int64_t index);
  llm::ParamOp createParam(const std::string &name, const std::string &symbol,
                           const Tensor &tensor);
  StoredTensor createStored(const TensorRequest &request);
  mlir::RankedTensorType activationType(int64_t columns);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp forward;
  mlir::func::FuncOp load;              ///< Null until a parameter is computed.
  llvm::StringMap<StoredTensor> stored; ///< By the tensors' names.
  Value batch;
  llm::RopeAttr rope; ///< Null for learned positions.
};

} // namespace qopt

#endif // QOPT_DIALECTS_IMPORT_DECODERBUILDER_H
