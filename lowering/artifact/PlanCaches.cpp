//===- PlanCaches.cpp - caches in plan.json -------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lowering/artifact/PlanCaches.h"
#include "lowering/cpu/CacheGeometry.h"
#include "lowering/gpu/CachePool.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace qopt;

/// `native` is bf16 on GPUs.
static OrderedJson planPtxPool(const ptx::CachePool &pool) {
  CacheFormat stored = pool.format;
  if (stored.isNative())
    stored.code = CacheFormat::Code::BF16;
  OrderedJson json{{"format", toText(stored)},
                   {"layout", pool.isPlain() && !pool.inPairs() ? "token_major" : "units"},
                   {"block_bytes", pool.blockBytes()}};
  if (pool.format.residual)
    json["window_bytes"] = pool.windowBytes();
  return json;
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
    auto planPool = [&](bool isKey) {
      return target == "ptx" ? planPtxPool(ptx::CachePool::of(cache, isKey))
                             : planCpuPool(isKey ? geometry.keys : geometry.values);
    };
    json.push_back({{"name", cache.getSymName().str()},
                    {"kv_heads", int64_t(cache.getKvHeads())},
                    {"head_dim", int64_t(cache.getHeadDim())},
                    {"k", planPool(/*isKey=*/true)},
                    {"v", planPool(/*isKey=*/false)}});
  }
  return json;
}

std::string qopt::describeCaches(ModuleOp module) {
  llvm::MapVector<std::pair<StringRef, StringRef>, int64_t> layers;
  bool isCompressed = false;
  for (auto cache : module.getOps<llm::CacheOp>()) {
    ++layers[{cache.getK(), cache.getV()}];
    isCompressed |= cache.isCompressed();
  }
  if (!isCompressed)
    return "";
  SmallVector<std::string> parts;
  for (const auto &[formats, count] : layers)
    parts.push_back(("keys " + formats.first + " and values " + formats.second).str() +
                    (layers.size() == 1 ? "" : " in " + std::to_string(count) + " layers"));
  return "cache " + llvm::join(parts, ", ");
}
