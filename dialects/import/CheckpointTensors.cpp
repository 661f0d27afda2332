//===- CheckpointTensors.cpp - the tensors of a checkpoint, each checked --===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/import/CheckpointTensors.h"
#include "dialects/import/ElementType.h"
#include "dialects/llm/Llm.h"
#include "mlir/IR/Diagnostics.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace mlir;
using namespace qopt;

CheckpointTensors::CheckpointTensors(const Checkpoint &checkpoint, const ModelConfig &config,
                                     MLIRContext *context)
    : checkpoint(checkpoint), config(config), context(context) {}

Tensor CheckpointTensors::get(const TensorRequest &request) {
  const Checkpoint::Tensor &stored = checkpoint.get(request.name);
  const std::string &file = stored.file->path();
  if (ArrayRef<int64_t>(stored.shape()) != ArrayRef<int64_t>(request.shape))
    fail("{}: tensor {} has shape {}, but config.json makes it {}", file, quote(request.name),
         formatShape(stored.shape()), formatShape(request.shape));
  Type elementType = elementTypeOf(stored.dtype(), context);
  if (!elementType)
    fail("{}: tensor {} is {}; weights must be F32, F16 or BF16", file, quote(request.name),
         safetensorsName(stored.dtype()));
  taken.insert(request.name);
  return {RankedTensorType::get(request.shape, elementType),
          llm::SourceAttr::get(context, llvm::sys::path::filename(file), request.name)};
}

/// Whether `name` is a constant that old versions of transformers stored with the weights.
static bool isKnownBuffer(StringRef name, ModelFamily family) {
  if (family != ModelFamily::Gpt2)
    return name.ends_with(".rotary_emb.inv_freq");
  // The causal mask and the value that it fills in: h.<n>.attn.bias, h.<n>.attn.masked_bias.
  name.consume_front("transformer.");
  size_t layerEnd = name.find('.', 2);
  if (!name.starts_with("h.") || layerEnd == StringRef::npos ||
      !llvm::all_of(name.slice(2, layerEnd), llvm::isDigit))
    return false;
  StringRef buffer = name.substr(layerEnd + 1);
  return buffer == "attn.bias" || buffer == "attn.masked_bias";
}

void CheckpointTensors::checkTiedHead(const Checkpoint::Tensor &head,
                                      const std::string &embedding) const {
  const Checkpoint::Tensor &table = checkpoint.get(embedding);
  std::span<const std::byte> a = head.data(), b = table.data();
  if (head.dtype() == table.dtype() && a.size() == b.size() &&
      std::equal(a.begin(), a.end(), b.begin()))
    return;
  fail("{}: 'lm_head.weight' differs from {}, but config.json ties them (\"tie_word_embeddings\")",
       head.file->path(), quote(embedding));
}

void CheckpointTensors::finish(const std::string &embedding) const {
  struct Skipped {
    std::string first;
    int64_t count = 0;
  };
  std::map<std::string, Skipped> skippedByReason;
  auto skip = [&](const std::string &reason, const std::string &name) {
    Skipped &skipped = skippedByReason[reason];
    if (skipped.count++ == 0)
      skipped.first = name;
  };
  for (const auto &[name, tensor] : checkpoint.tensors()) {
    if (taken.contains(name))
      continue;
    if (isKnownBuffer(name, config.family)) {
      skip("which transformers computes and older versions stored", tensor.name());
    } else if (name == "lm_head.weight" && config.tieWordEmbeddings) {
      checkTiedHead(tensor, embedding);
      skip("which repeats " + quote(embedding), tensor.name());
    } else {
      fail("{}: tensor {} of shape {} does not belong to a {} model with {} layers and these "
           "settings in config.json",
           tensor.file->path(), quote(name), formatShape(tensor.shape()), toString(config.family),
           config.numLayers);
    }
  }
  for (const auto &[reason, skipped] : skippedByReason) {
    auto remark = emitRemark(NameLoc::get(StringAttr::get(context, skipped.first)));
    remark << "skipped " << quote(skipped.first);
    if (skipped.count > 1)
      remark << " and " << skipped.count - 1 << " like it";
    remark << ", " << reason;
  }
}
