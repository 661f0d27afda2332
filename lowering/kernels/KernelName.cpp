//===- KernelName.cpp - what makes launches identical, and their name -----===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/kernels/KernelName.h"
#include "lowering/kernels/ScalarRegion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace qopt;
using namespace qopt::kernel;

static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

static bool isWeight(Value value) { return bool(value.getDefiningOp<llm::GetOp>()); }

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// Values by number, so that equal regions give equal text.
static void printRegion(Region &region, llvm::raw_ostream &os) {
  DenseMap<Value, unsigned> numbers;
  auto number = [&](Value value) {
    return numbers.try_emplace(value, numbers.size()).first->second;
  };
  for (BlockArgument argument : region.getArguments())
    number(argument);
  for (Operation &op : region.front()) {
    os << op.getName();
    for (Value operand : op.getOperands())
      os << ' ' << number(operand);
    for (Value result : op.getResults())
      os << " = " << number(result) << ' ' << result.getType();
    os << ' ' << op.getAttrDictionary() << '\n';
  }
}

std::string kernel::kernelKey(LaunchOpInterface op, llm::CacheOp cache) {
  std::string key;
  llvm::raw_string_ostream os(key);
  os << op->getName() << '\n';
  for (Value operand : op->getOperands())
    os << (isWeight(operand) ? "weight " : "") << operand.getType() << '\n';
  os << "->";
  for (Type type : op->getResultTypes())
    os << ' ' << type;
  os << '\n';
  for (NamedAttribute attribute : op->getAttrDictionary())
    if (attribute.getName() != "slots" && attribute.getName() != "kernel" &&
        attribute.getName() != "cache")
      os << attribute.getName() << " = " << attribute.getValue() << '\n';
  if (cache)
    os << cache.getKvHeads() << ' ' << cache.getHeadDim() << ' ' << cache.getK() << ' '
       << cache.getV() << '\n';
  for (Region &region : op->getRegions())
    printRegion(region, os);
  return key;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

static std::string elementName(Value value) {
  std::string name;
  llvm::raw_string_ostream(name) << typeOf(value).getElementType();
  return name;
}

/// The type of a weight, or what its codes are: "bf16", "int8", "int4_g32_zero".
static std::string weightName(Value weight, q::SchemeAttr scheme) {
  if (!scheme)
    return elementName(weight);
  std::string name = q::stringifyStorage(scheme.getStorage()).str();
  if (DenseI64ArrayAttr block = scheme.getBlock())
    name += "_g" + std::to_string(block[1]);
  return name + (scheme.getZero() == q::ZeroPoint::None ? "" : "_zero");
}

/// What x of a product is in codes: "_by_int8", "_by_fp8_e4m3_g32".
static std::string inputWords(q::SchemeAttr scheme) {
  if (!scheme)
    return "";
  std::string words = "_by_" + q::stringifyStorage(scheme.getStorage()).str();
  if (DenseI64ArrayAttr block = scheme.getBlock())
    words += "_g" + std::to_string(block[1]);
  return words;
}

/// What a region computes, in a word or two: "_silu", "_add".
static std::string regionWords(Region &region) {
  std::string words;
  bool hasTanh = false, hasErf = false, hasExp = false, hasMul = false, hasAdd = false;
  for (Operation &op : region.front()) {
    hasTanh |= isa<math::TanhOp>(op);
    hasErf |= isa<math::ErfOp>(op);
    hasExp |= isa<math::ExpOp>(op);
    hasMul |= isa<arith::MulFOp>(op);
    hasAdd |= isa<arith::AddFOp>(op);
  }
  if (hasTanh)
    words += "_gelu_tanh";
  else if (hasErf)
    words += "_gelu";
  else if (hasExp)
    words += "_silu";
  else if (hasAdd)
    words += "_add";
  if (hasMul && words.empty())
    words += "_mul";
  return words;
}

static std::string epilogueWords(MatmulOp op) {
  std::string words;
  bool hasBias = llvm::any_of(op.getExtras(), isWeight);
  bool hasResidual = !llvm::all_of(op.getExtras(), isWeight);
  if (hasBias)
    words += "_bias";
  std::string activation = regionWords(op.getEpilogue());
  if (activation != "_add" && activation != "_mul")
    words += activation;
  if (hasResidual)
    words += "_residual";
  if (op.getWays() == 2)
    words += "_gate";
  return words;
}

/// How a result is quantized: "_int8_by_row", "_int8_given".
static std::string quantizedWords(q::SchemeAttr scheme, Value given) {
  if (!scheme)
    return "";
  std::string words = "_" + q::stringifyStorage(scheme.getStorage()).str();
  if (given)
    return words + "_given";
  words += "_by_" + q::stringifyGranularity(scheme.getGranularity()).str();
  if (DenseI64ArrayAttr block = scheme.getBlock())
    words += std::to_string(block[1]);
  return words;
}

static std::string baseName(LaunchOpInterface op, llm::CacheOp cache) {
  return llvm::TypeSwitch<Operation *, std::string>(op)
      .Case([](GatherOp op) -> std::string {
        int64_t columns = typeOf(op.getResult()).getDimSize(1);
        if (!isWeight(op.getTable()))
          return llvm::formatv("select_rows_{0}", columns);
        return llvm::formatv("gather_{0}_{1}{2}{3}", columns,
                             weightName(op.getTable(), op.getTableSchemeAttr()),
                             typeOf(op.getTable()).getRank() == 3 ? "_packed" : "",
                             op.getIndices() ? "" : "_by_position");
      })
      .Case([](NormOp op) -> std::string {
        return llvm::formatv("{0}_norm_{1}{2}{3}", stringifyNormKind(op.getKind()),
                             typeOf(op.getX()).getDimSize(1), op.getResidual() ? "_residual" : "",
                             quantizedWords(op.getResultSchemeAttr(), op.getScale()));
      })
      .Case([](MatmulOp op) -> std::string {
        return llvm::formatv("matmul_{0}x{1}_{2}{3}{4}", op.getColumns() * op.getWays(),
                             typeOf(op.getX()).getDimSize(1),
                             weightName(op.getWeight(), op.getWeightSchemeAttr()),
                             inputWords(op.getXSchemeAttr()), epilogueWords(op));
      })
      .Case([](MapOp op) -> std::string {
        return llvm::formatv("map{0}_{1}", regionWords(op.getBody()),
                             typeOf(op.getResult()).getDimSize(1));
      })
      .Case([](QuantizeOp op) -> std::string {
        return llvm::formatv("quantize{0}_{1}{2}", regionWords(op.getBody()),
                             typeOf(op.getResult()).getDimSize(1),
                             quantizedWords(op.getSchemeAttr(), op.getScale()));
      })
      .Case([&](RopeAppendOp op) -> std::string {
        return llvm::formatv("{0}{1}append_{2}h_{3}kv_{4}", op.getQNorm() ? "norm_" : "",
                             op.getRope() ? "rope_" : "", op.getHeads(), cache.getKvHeads(),
                             cache.getHeadDim());
      })
      .Case([&](AppendAttentionOp op) -> std::string {
        return llvm::formatv("{0}{1}append_attention_{2}h_{3}kv_{4}_splits{5}{6}",
                             op.getQNorm() ? "norm_" : "", op.getRope() ? "rope_" : "",
                             op.getHeads(), cache.getKvHeads(), cache.getHeadDim(), op.getSplits(),
                             op.getSoftmax() ? "_sas" : "");
      })
      .Case([](ScoreOp op) -> std::string {
        return llvm::formatv("score_{0}", typeOf(op.getLogits()).getDimSize(1));
      })
      .Case([&](AttentionOp op) -> std::string {
        std::string name = llvm::formatv("{0}attention_{1}h_{2}kv_{3}", op.getRope() ? "rope_" : "",
                                         op.getHeads(), cache.getKvHeads(), cache.getHeadDim());
        return op.getSoftmax() ? name + "_sas" : name;
      });
}

/// "_k_int8_v_int4" for a compressed cache: the codes, without their words.
static std::string cacheWords(llm::CacheOp cache) {
  if (!cache || !cache.isCompressed())
    return "";
  return ("_k_" + cache.getK().split(' ').first + "_v_" + cache.getV().split(' ').first).str();
}

std::string kernel::kernelName(LaunchOpInterface op, llm::CacheOp cache) {
  std::string name = baseName(op, cache) + cacheWords(cache);
  RankedTensorType result = typeOf(op->getResult(0));
  if (!result.getElementType().isF32())
    name += "_to_" + elementName(op->getResult(0));
  if (!result.isDynamicDim(0))
    name += "_rows" + std::to_string(result.getDimSize(0));
  return name;
}
