//===- ModelHash.cpp - what tells models apart ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/ModelHash.h"
#include "dialects/llm/Llm.h"
#include "dialects/q/Q.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/CheckpointFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace qopt;

static uint64_t hashTensor(CheckpointFiles &files, llm::SourceAttr source) {
  MappedBytes tensor = files.bytes(source.getFile().str(), std::string_view(source.getTensor()));
  uint64_t result = llvm::xxh3_64bits(
      ArrayRef(reinterpret_cast<const uint8_t *>(tensor.bytes.data()), tensor.bytes.size()));
  tensor.file->advise(tensor.bytes, MappedFile::Advice::DontNeed);
  return result;
}

/// The parameters that the model is made of: all that are read, but not the static scales that
/// quantization of activations has brought.
static llvm::DenseSet<StringAttr> readParameters(ModuleOp module) {
  llvm::DenseSet<StringAttr> names;
  module.walk([&](llm::GetOp get) {
    bool isScale = llvm::all_of(get->getUsers(), [&](Operation *user) {
      auto quantize = dyn_cast<q::QuantizeOp>(user);
      return (quantize && quantize.getScale() == get.getResult()) ||
             (isa<q::DequantizeOp>(user) && cast<q::DequantizeOp>(user).getCodes() != get);
    });
    if (!isScale)
      names.insert(get.getParamAttr().getAttr());
  });
  return names;
}

std::string qopt::hashModel(ModuleOp module) {
  std::string description;
  llvm::raw_string_ostream os(description);
  if (auto config = module->getAttrOfType<StringAttr>("llm.config"))
    os << config << '\n';
  auto checkpoint = module->getAttrOfType<StringAttr>("llm.checkpoint");
  CheckpointFiles files(checkpoint ? std::string_view(checkpoint.getValue()) : "");
  llvm::DenseSet<StringAttr> read = readParameters(module);
  for (auto param : module.getOps<llm::ParamOp>()) {
    if (!read.contains(param.getSymNameAttr()))
      continue;
    os << param.getSymName() << ' ' << param.getType() << ' ' << param.getContentsAttr();
    auto source = dyn_cast_or_null<llm::SourceAttr>(param.getContentsAttr());
    if (source && checkpoint)
      os << ' ' << hashTensor(files, source);
    os << '\n';
  }
  if (auto load = module.lookupSymbol<func::FuncOp>("load"))
    load.print(os, OpPrintingFlags().useLocalScope());
  return "xxh3:" +
         llvm::utohexstr(llvm::xxh3_64bits(description), /*LowerCase=*/true, /*Width=*/16);
}
