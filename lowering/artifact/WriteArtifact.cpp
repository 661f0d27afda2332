//===- WriteArtifact.cpp - the directory that qrun runs -------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/EmittedModules.h"
#include "lowering/artifact/ModuleParams.h"
#include "lowering/artifact/Passes.h"
#include "lowering/artifact/WeightsFile.h"
#include "lowering/artifact/WriteOutput.h"
#include "lowering/cpu/CompileCpuModule.h"
#include "lowering/gpu/CompileToPtx.h"
#include "runtime/formats/AtomicDirectory.h"
#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/CheckpointFiles.h"
#include "runtime/formats/GgufWriter.h"
#include "runtime/formats/MappedFile.h"
#include "llvm/Support/FileSystem.h"
#include <future>
#include <thread>

namespace qopt {
#define GEN_PASS_DEF_WRITEARTIFACT
#include "lowering/artifact/Passes.h.inc"
} // namespace qopt

using namespace mlir;
using namespace qopt;
using llvm::FailureOr;

/// Files of a checkpoint that running the model takes, where it has them.
static constexpr const char *kCopiedFiles[] = {
    "tokenizer.json", "tokenizer.model",         "tokenizer_config.json",  "vocab.json",
    "merges.txt",     "special_tokens_map.json", "generation_config.json", "added_tokens.json"};

static void copyCheckpointFiles(StringRef checkpoint, const AtomicDirectory &directory) {
  for (const char *name : kCopiedFiles) {
    std::string source = (checkpoint + "/" + name).str();
    if (!llvm::sys::fs::exists(source))
      continue;
    MappedFile file(source);
    std::string_view text(reinterpret_cast<const char *>(file.bytes().data()), file.bytes().size());
    writeFile(directory.filePath(name), text);
  }
}

/// The tokenizer of a GGUF checkpoint: its metadata without the rest.
static void writeGgufTokenizer(StringRef checkpoint, const AtomicDirectory &directory) {
  GgufFile file(checkpoint.str());
  GgufPairs pairs;
  for (const auto &[key, value] : file.metadata().all())
    if (key.starts_with("tokenizer.") || key == "general.architecture")
      pairs.add(key, value);
  GgufWriter(directory.filePath("tokenizer.gguf"), pairs, {}).commit();
}

/// Where report-quantization leaves its JSON for the artifact.
static constexpr StringLiteral kReportAttribute = "q.report";

/// The module without the emitted code, which follows from it, and without the report.
static std::string printModel(ModuleOp module) {
  OwningOpRef<ModuleOp> copy(ModuleOp::create(module.getLoc(), module.getName()));
  copy.get()->setAttrs(module->getAttrDictionary());
  copy.get()->removeAttr(kReportAttribute);
  for (Operation &op : *module.getBody())
    if (!op.hasTrait<OpTrait::SymbolTable>())
      copy->push_back(op.clone());
  std::string text;
  llvm::raw_string_ostream os(text);
  copy->print(os, OpPrintingFlags().enableDebugInfo());
  return text;
}

namespace {

class WriteArtifactPass : public qopt::impl::WriteArtifactBase<WriteArtifactPass> {
public:
  using Base::Base;

  void getDependentDialects(DialectRegistry &registry) const override {
    cpu::registerCpuCompilation(registry);
    registerPtxDialects(registry);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (failed(writeOutput(module, *this, path, [&] { return write(module); })))
      signalPassFailure();
  }

private:
  /// Throws Error.
  LogicalResult write(ModuleOp module) {
    FailureOr<EmittedModules> emitted = EmittedModules::find(module);
    if (failed(emitted))
      return failure();
    ModuleParams params(module);
    if (failed(params.load()))
      return failure();
    FailureOr<ArtifactPlan> plan = planArtifact(module, params, emitted->targets);
    if (failed(plan))
      return failure();

    AtomicDirectory directory(path);
    // Compiled while the weights stream, by one thread: passes load dialects into the one context,
    // and lld resets LLVM's options. Without threads in the context, afterwards.
    auto policy =
        getContext().isMultithreadingEnabled() ? std::launch::async : std::launch::deferred;
    auto compiled = std::async(policy, [&]() -> FailureOr<SmallVector<std::string>> {
      SmallVector<std::string> contents;
      for (EmittedFile &file : emitted->files) {
        FailureOr<std::string> bytes = file.compile();
        if (failed(bytes))
          return failure();
        contents.push_back(std::move(*bytes));
      }
      return contents;
    });
    if (!plan->stored.empty())
      writeWeightsFile(directory.filePath(kWeightsFileName), plan->stored,
                       std::thread::hardware_concurrency());
    numStored += plan->stored.size();
    FailureOr<SmallVector<std::string>> contents = compiled.get();
    if (failed(contents))
      return failure();
    for (auto [file, bytes] : llvm::zip_equal(emitted->files, *contents))
      writeFile(directory.filePath(file.name), bytes);
    if (auto checkpoint = module->getAttrOfType<StringAttr>("llm.checkpoint"))
      isGgufPath(checkpoint.getValue()) ? writeGgufTokenizer(checkpoint, directory)
                                        : copyCheckpointFiles(checkpoint, directory);
    if (auto report = module->getAttrOfType<StringAttr>(kReportAttribute))
      writeFile(directory.filePath("quantization.json"), report.getValue());
    writeFile(directory.filePath("model.mlir"), printModel(module));
    writeFile(directory.filePath("plan.json"), formatJson(plan->json));
    directory.commit();
    return success();
  }
};

} // namespace
