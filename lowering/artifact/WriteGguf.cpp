//===- WriteGguf.cpp - the file that llama.cpp runs -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/GgufWeights.h"
#include "lowering/artifact/Passes.h"
#include "lowering/artifact/WeightsFile.h"
#include "lowering/artifact/WriteOutput.h"
#include "runtime/formats/GgufConfigPairs.h"
#include "runtime/tokenizer/GgufTokenizerPairs.h"
#include "llvm/Support/Path.h"
#include <map>
#include <thread>

namespace qopt {
#define GEN_PASS_DEF_WRITEGGUF
#include "lowering/artifact/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;

/// llama.cpp's number for the type that most weights have.
static uint32_t fileTypeOf(ArrayRef<GgufWeight> weights) {
  std::map<GgmlType, int64_t> elements;
  for (const GgufWeight &weight : weights)
    if (weight.spec.shape.size() > 1)
      elements[weight.spec.type] += weight.contents->rows() * weight.spec.shape.back();
  if (elements.empty())
    return 0;
  return ggmlTraits(llvm::max_element(elements, llvm::less_second())->first).fileType;
}

static void addTokenizer(const std::string &checkpoint, const ModelConfig &config,
                         GgufPairs &pairs) {
  if (!isGgufPath(checkpoint))
    return addGgufTokenizer(checkpoint, config, pairs);
  GgufFile file(checkpoint);
  for (const auto &[key, value] : file.metadata().all())
    if (key.starts_with("tokenizer."))
      pairs.add(key, value);
}

namespace {

class WriteGgufPass : public qopt::impl::WriteGgufBase<WriteGgufPass> {
public:
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(writeOutput(module, *this, path, [&] { return write(module); })))
      signalPassFailure();
  }

private:
  /// Throws Error.
  LogicalResult write(ModuleOp module) {
    auto text = module->getAttrOfType<StringAttr>("llm.config");
    auto checkpoint = module->getAttrOfType<StringAttr>("llm.checkpoint");
    if (!text || !checkpoint)
      return module.emitError("a GGUF file has a model's config and tokenizer, but the module has "
                              "no llm.config or no llm.checkpoint");
    for (auto cache : module.getOps<llm::CacheOp>())
      if (cache.isCompressed())
        return cache.emitError("GGUF files say nothing of compressed caches; leave them to the "
                               "program that runs the file");
    Json parsed = parseJson(std::string_view(text.getValue()), "llm.config");
    ModelConfig config = modelConfigFromJson(JsonObject(parsed, "llm.config"));
    ModuleParams params(module);
    if (failed(params.load()))
      return failure();
    auto weights = collectGgufWeights(module, params, config);
    if (failed(weights))
      return failure();

    StringRef source = checkpoint.getValue().rtrim('/');
    uint32_t fileType = fileTypeOf(*weights);
    GgufPairs pairs;
    addGgufConfig(config, pairs);
    pairs.add("general.name", llvm::sys::path::stem(source).str());
    pairs.add("general.file_type", fileType);
    pairs.add("general.quantization_version", uint32_t(2));
    addTokenizer(source.str(), config, pairs);

    std::vector<GgufTensorSpec> specs;
    std::vector<NamedParam> contents;
    for (const GgufWeight &weight : *weights) {
      specs.push_back(weight.spec);
      contents.push_back({weight.spec.name, weight.contents});
    }
    GgufWriter file(path, pairs, specs);
    computeParams(contents, std::thread::hardware_concurrency(),
                  [&](size_t index, uint64_t offset, std::span<const std::byte> bytes) {
                    file.write(index, offset, bytes);
                  });
    file.commit();
    return success();
  }
};

} // namespace
