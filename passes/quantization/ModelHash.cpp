//===- ModelHash.cpp - what tells models apart ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "passes/quantization/ModelHash.h"
#include "dialects/llm/Llm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "runtime/formats/SafetensorsFile.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace qopt;

namespace {

/// Checkpoint files, opened once.
class TensorHashes {
public:
  explicit TensorHashes(StringRef directory) : directory(directory) {}

  uint64_t hash(llm::SourceAttr source) {
    std::unique_ptr<SafetensorsFile> &file = files[source.getFile()];
    if (!file) {
      SmallString<128> path(directory);
      llvm::sys::path::append(path, source.getFile());
      file = std::make_unique<SafetensorsFile>(std::string(path));
    }
    std::span<const std::byte> bytes = file->data(file->get(std::string_view(source.getTensor())));
    uint64_t result =
        llvm::xxh3_64bits(ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
    file->mappedFile().advise(bytes, MappedFile::Advice::DontNeed);
    return result;
  }

private:
  StringRef directory;
  llvm::StringMap<std::unique_ptr<SafetensorsFile>> files;
};

} // namespace

std::string qopt::hashModel(ModuleOp module) {
  std::string description;
  llvm::raw_string_ostream os(description);
  if (auto config = module->getAttrOfType<StringAttr>("llm.config"))
    os << config << '\n';
  auto checkpoint = module->getAttrOfType<StringAttr>("llm.checkpoint");
  TensorHashes tensors(checkpoint ? checkpoint.getValue() : "");
  for (auto param : module.getOps<llm::ParamOp>()) {
    os << param.getSymName() << ' ' << param.getType() << ' ' << param.getContentsAttr();
    auto source = dyn_cast_or_null<llm::SourceAttr>(param.getContentsAttr());
    if (source && checkpoint)
      os << ' ' << tensors.hash(source);
    os << '\n';
  }
  if (auto load = module.lookupSymbol<func::FuncOp>("load"))
    load.print(os, OpPrintingFlags().useLocalScope());
  return "xxh3:" +
         llvm::utohexstr(llvm::xxh3_64bits(description), /*LowerCase=*/true, /*Width=*/16);
}
