//===- DeferKeyRope.cpp - keys are rotated where they are read ------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Parameters.h"
#include "passes/cache/Passes.h"
#include "runtime/quantization/CacheFormat.h"

namespace qopt {
#define GEN_PASS_DEF_DEFERKEYROPE
#include "passes/cache/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// Where keys come from: a parameter that is added to columns of a projection.
struct KeyBias {
  llm::LinearInterface linear;
  llm::GetOp bias;
  int64_t offset; ///< of the keys among the projection's columns
};

class DeferKeyRopePass : public qopt::impl::DeferKeyRopeBase<DeferKeyRopePass> {
  void runOnOperation() override;
  LogicalResult defer(llm::KvAppendOp append);
  /// Leaves `columns` of the bias out of the projection.
  void removeBias(KeyBias keyBias, int64_t columns);

  std::optional<Parameters> parameters;
  DenseMap<Operation *, llm::ParamOp> withoutBias;          ///< by the parameter of the bias
  llvm::SetVector<Operation *> deferred, biased, unrotated; ///< caches
};

} // namespace

static std::optional<KeyBias> findBias(Value keys) {
  int64_t offset = 0;
  if (auto slice = keys.getDefiningOp<llm::SliceOp>()) {
    offset = int64_t(slice.getOffset());
    keys = slice.getX();
  }
  auto linear = keys.getDefiningOp<llm::LinearInterface>();
  if (!linear || linear.isPacked() || !linear.getBiasOperand())
    return std::nullopt;
  auto bias = linear.getBiasOperand().getDefiningOp<llm::GetOp>();
  return bias ? std::optional<KeyBias>({linear, bias, offset}) : std::nullopt;
}

void DeferKeyRopePass::removeBias(KeyBias keyBias, int64_t columns) {
  llm::ParamOp param = parameters->lookup(keyBias.bias.getParamAttr());
  llm::ParamOp &rest = withoutBias[param];
  if (!rest) {
    std::string name = param.getSymName().str() + ".without_keys";
    std::vector<float> zeros(size_t(columns), 0);
    llm::ParamOp scales = parameters->defineNumbers(name + ".scales", zeros, param);
    Value scale = parameters->valueInLoad(scales), bias = parameters->valueInLoad(param);
    OpBuilder &builder = parameters->loadBuilder();
    auto f32s = param.getType().clone(builder.getF32Type());
    Value value = llm::ScaleOp::create(builder, param.getLoc(), f32s, bias, scale,
                                       /*columns=*/false, /*inverse=*/false, keyBias.offset);
    if (param.getType() != f32s)
      value = llm::CastOp::create(builder, param.getLoc(), param.getType(), value);
    rest = parameters->define(name, value, param);
    ++numBiases;
  }
  OpBuilder builder(keyBias.linear);
  Value read =
      llm::GetOp::create(builder, rest.getLoc(), rest.getType(), FlatSymbolRefAttr::get(rest));
  keyBias.linear->replaceUsesOfWith(keyBias.bias, read);
}

/// The attention over what is appended, and its cache.
static llm::AttentionOp findAttention(llm::KvAppendOp append) {
  for (Operation *op = append->getNextNode(); op; op = op->getNextNode())
    if (auto attention = dyn_cast<llm::AttentionOp>(op))
      if (attention.getCacheAttr() == append.getCacheAttr())
        return attention;
  return {};
}

LogicalResult DeferKeyRopePass::defer(llm::KvAppendOp append) {
  auto cache = SymbolTable::lookupNearestSymbolFrom<llm::CacheOp>(append, append.getCacheAttr());
  llm::AttentionOp attention = findAttention(append);
  if (!cache || !attention)
    return success();
  bool wanted = parseCacheFormat(std::string_view(cache.getK())).beforeRope;
  if (attention.getRope() && !wanted)
    return attention.emitOpError()
           << "rotates the keys that it reads, so those of " << append.getCacheAttr()
           << " must be before_rope, not " << cache.getK();
  if (attention.getRope() || !wanted)
    return success();
  int64_t columns = cache.getKvHeads() * cache.getHeadDim();
  auto rope = append.getK().getDefiningOp<llm::RopeOp>();
  if (!rope) {
    if (std::optional<KeyBias> bias = findBias(append.getK()))
      removeBias(*bias, columns);
    unrotated.insert(cache);
    return success();
  }
  append.getKMutable().assign(rope.getX());
  attention.setRopeAttr(rope.getRopeAttr());
  std::optional<KeyBias> bias = findBias(rope.getX());
  if (bias && bias->bias.getType().getDimSize(0) == columns) {
    removeBias(*bias, columns);
    attention.getKeyBiasMutable().assign(bias->bias);
    biased.insert(cache);
  }
  if (rope->use_empty())
    rope->erase();
  deferred.insert(cache);
  ++numDeferred;
  return success();
}

/// What reading the keys of `cache` costs on CPUs (lowering/cpu/KeyTile.h).
static void describe(Diagnostic &remark, llm::CacheOp cache) {
  int64_t headDim = cache.getHeadDim();
  bool isTurned = parseCacheFormat(std::string_view(cache.getK())).hadamard.has_value();
  remark << 4 + (isTurned ? int64_t(llvm::Log2_64(headDim)) + 1 : 0)
         << " operations for each cached element of keys and block of queries, 2 for each element "
            "of a query and page, "
         << 512 * headDim << " bytes of cosines and sines";
}

void DeferKeyRopePass::runOnOperation() {
  ModuleOp module = getOperation();
  parameters.emplace(module);
  withoutBias.clear();
  deferred.clear();
  biased.clear();
  unrotated.clear();
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    for (auto append : llvm::make_early_inc_range(function.front().getOps<llm::KvAppendOp>()))
      if (failed(defer(append)))
        return signalPassFailure();
  }
  for (Operation *op : unrotated) {
    auto cache = cast<llm::CacheOp>(op);
    CacheFormat format = parseCacheFormat(std::string_view(cache.getK()));
    format.beforeRope = false;
    cache.setK(toText(format));
  }
  if (!unrotated.empty())
    emitRemark(module.getLoc()) << "defer-key-rope: " << unrotated.size()
                                << " layers have no rotary embedding; a bias of their keys, which "
                                   "adds the same to all scores of a query, is left out";
  if (deferred.empty())
    return;
  InFlightDiagnostic remark = emitRemark(module.getLoc())
                              << "defer-key-rope: " << deferred.size()
                              << " layers rotate keys as they are read, " << biased.size()
                              << " of them with a bias: ";
  describe(*remark.getUnderlyingDiagnostic(), cast<llm::CacheOp>(deferred.front()));
}
