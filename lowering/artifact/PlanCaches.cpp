//===- PlanCaches.cpp - caches in plan.json -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/PlanCaches.h"
#include "lowering/cpu/CacheGeometry.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qopt;

/// GPUs have native pools only (emit-ptx-kernels refuses others).
static OrderedJson planPtxPool(int64_t headDim) {
  int64_t padded = llvm::alignTo(headDim, 8);
  return {{"format", "bf16"},
          {"layout", "token_major"},
          {"block_bytes", cpu::kPageTokens * padded * 2}};
}

/// `native` is f32 on CPUs.
static OrderedJson planCpuPool(const cpu::CachePool &pool) {
  OrderedJson json{{"format", pool.format.isNative() ? "f32" : toText(pool.format)},
                   {"layout", pool.isKey ? "dim_major" : "token_major"},
                   {"block_bytes", pool.blockBytes()}};
  if (pool.format.residual)
    json["window_bytes"] = pool.windowBytes();
  return json;
}

OrderedJson qopt::planCaches(ModuleOp module, StringRef target) {
  OrderedJson json = OrderedJson::array();
  for (auto cache : module.getOps<llm::CacheOp>()) {
    cpu::CacheGeometry geometry = cpu::CacheGeometry::of(cache);
    bool isPtx = target == "ptx";
    json.push_back({{"name", cache.getSymName().str()},
                    {"kv_heads", int64_t(cache.getKvHeads())},
                    {"head_dim", int64_t(cache.getHeadDim())},
                    {"k", isPtx ? planPtxPool(cache.getHeadDim()) : planCpuPool(geometry.keys)},
                    {"v", isPtx ? planPtxPool(cache.getHeadDim()) : planCpuPool(geometry.values)}});
  }
  return json;
}

std::string qopt::describeCaches(ModuleOp module) {
  llvm::MapVector<std::pair<StringRef, StringRef>, int64_t> layers;
  for (auto cache : module.getOps<llm::CacheOp>())
    ++layers[{cache.getK(), cache.getV()}];
  if (layers.empty() || (layers.size() == 1 && layers.begin()->first.first == "native" &&
                         layers.begin()->first.second == "native"))
    return "";
  SmallVector<std::string> parts;
  for (const auto &[formats, count] : layers)
    parts.push_back(("keys " + formats.first + " and values " + formats.second).str() +
                    (layers.size() == 1 ? "" : " in " + std::to_string(count) + " layers"));
  return "cache " + llvm::join(parts, ", ");
}
