//===- FormQuantizedLinears.cpp - linears and tables of codes -------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/Parameters.h"
#include "passes/quantization/Passes.h"

namespace qopt {
#define GEN_PASS_DEF_FORMQUANTIZEDLINEARS
#include "passes/quantization/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

namespace {

/// Codes with scales by row or group, and where there are any, zeros.
struct RowCodes {
  Value codes;
  SmallVector<Value, 2> parameters;
  q::SchemeAttr scheme;
};

class Former {
public:
  explicit Former(ModuleOp module) : parameters(module) {}

  bool form(llm::LinearOp linear);
  bool form(llm::EmbeddingOp embedding);

private:
  std::optional<RowCodes> codesOf(Value weight, OpBuilder &builder);
  Value spread(llm::GetOp scales, int64_t rows, OpBuilder &builder);

  Parameters parameters;
  /// Scales of tensors and blocks, and the parameters that have them for each row.
  llvm::DenseMap<Operation *, llm::ParamOp> spreadParams;
};

struct FormQuantizedLinearsPass : qopt::impl::FormQuantizedLinearsBase<FormQuantizedLinearsPass> {
  void runOnOperation() override;
};

} // namespace

static void eraseIfUnused(Operation *op) {
  if (op && op->use_empty())
    op->erase();
}

/// A read of `scales` [M, G] with each row repeated, so that there are `rows` of them.
Value Former::spread(llm::GetOp scales, int64_t rows, OpBuilder &builder) {
  llm::ParamOp param = parameters.lookup(scales.getParamAttr());
  auto type = cast<RankedTensorType>(param.getType());
  auto spreadType = RankedTensorType::get({rows, type.getDimSize(1)}, type.getElementType());
  llm::ParamOp &spread = spreadParams[param];
  if (!spread) {
    Value value = parameters.valueInLoad(param);
    Value repeated = llm::RepeatOp::create(parameters.loadBuilder(), param.getLoc(), spreadType,
                                           value, rows / type.getDimSize(0));
    spread = parameters.define(param.getSymName().str() + ".rows", repeated, param);
  }
  return llm::GetOp::create(builder, scales.getLoc(), spreadType, FlatSymbolRefAttr::get(spread));
}

/// What `weight` is dequantized from, if that is parameters.
std::optional<RowCodes> Former::codesOf(Value weight, OpBuilder &builder) {
  auto dequantize = weight.getDefiningOp<q::DequantizeOp>();
  if (!dequantize || dequantize.getParameters().empty() ||
      !llvm::all_of(dequantize->getOperands(),
                    [](Value value) { return bool(value.getDefiningOp<llm::GetOp>()); }))
    return std::nullopt;
  q::SchemeAttr scheme = dequantize.getScheme();
  RowCodes result = {dequantize.getCodes(), {}, scheme.spreadToRows()};
  int64_t rows = cast<RankedTensorType>(result.codes.getType()).getDimSize(0);
  for (Value value : dequantize.getParameters())
    result.parameters.push_back(
        scheme.isByRow() ? value : spread(value.getDefiningOp<llm::GetOp>(), rows, builder));
  return result;
}

bool Former::form(llm::LinearOp linear) {
  OpBuilder builder(linear);
  std::optional<RowCodes> weight = codesOf(linear.getWeight(), builder);
  if (!weight)
    return false;
  Value x = linear.getX(), xScales;
  q::SchemeAttr xScheme;
  auto input = x.getDefiningOp<q::DequantizeOp>();
  // Other codes have no products of their own: they stay dequantized before a product of numbers.
  if (input && q::multipliesAsCodes(weight->scheme, input.getScheme())) {
    x = input.getCodes();
    xScales = input.getParameters().front();
    xScheme = input.getScheme();
  }
  auto formed =
      q::LinearOp::create(builder, linear.getLoc(), linear.getType(), x, xScales, weight->codes,
                          weight->parameters, linear.getBias(), weight->scheme, xScheme);
  Operation *dequantize = linear.getWeight().getDefiningOp();
  linear.replaceAllUsesWith(formed.getResult());
  linear.erase();
  eraseIfUnused(dequantize);
  eraseIfUnused(input);
  return true;
}

bool Former::form(llm::EmbeddingOp embedding) {
  OpBuilder builder(embedding);
  std::optional<RowCodes> table = codesOf(embedding.getTable(), builder);
  if (!table)
    return false;
  auto formed = q::EmbeddingOp::create(builder, embedding.getLoc(), embedding.getType(),
                                       embedding.getIndices(), table->codes, table->parameters,
                                       table->scheme);
  Operation *dequantize = embedding.getTable().getDefiningOp();
  embedding.replaceAllUsesWith(formed.getResult());
  embedding.erase();
  eraseIfUnused(dequantize);
  return true;
}

void FormQuantizedLinearsPass::runOnOperation() {
  SmallVector<llm::LinearOp> linears;
  SmallVector<llm::EmbeddingOp> embeddings;
  getOperation().walk([&](llm::LinearOp op) { linears.push_back(op); });
  getOperation().walk([&](llm::EmbeddingOp op) { embeddings.push_back(op); });
  Former former(getOperation());
  for (llm::LinearOp linear : linears)
    numLinears += former.form(linear);
  for (llm::EmbeddingOp embedding : embeddings)
    numTables += former.form(embedding);
}
