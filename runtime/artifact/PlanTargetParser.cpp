//===- PlanTargetParser.cpp - the targets of a plan -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanTargetParser.h"

#include "runtime/artifact/PlanFile.h"
#include "runtime/artifact/PlanFunctionParser.h"
#include "runtime/artifact/PlanGrid.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

/// Numbers of a tensor map, one for each dimension.
static std::vector<int64_t> readNumbers(const PlanObject &map, const char *key, size_t count,
                                        int64_t most) {
  const Json::array_t &list = map.list(key);
  if (list.size() != count)
    map.failAt(key, fmt::format("has {} numbers; expected {}", list.size(), count));
  std::vector<int64_t> numbers;
  for (const Json &value : list) {
    if (!value.is_number_integer() || value < 1 || value > most)
      map.failAt(
          key, fmt::format("has {}; expected an integer from 1 to {}", quote(value.dump()), most));
    numbers.push_back(value.get<int64_t>());
  }
  return numbers;
}

static PlanTensorMap readTensorMap(const PlanObject &object) {
  PlanTensorMap map;
  map.argument = size_t(object.integer("argument", 0, 1024));
  map.sizes = readSizes(object);
  if (map.sizes.empty() || map.sizes.size() > maxTensorRank)
    object.failAt("sizes", fmt::format("has {} dimensions; expected one to {}", map.sizes.size(),
                                       maxTensorRank));
  map.strides = readNumbers(object, "strides", map.sizes.size() - 1, int64_t(1) << 40);
  map.box = readNumbers(object, "box", map.sizes.size(), 256);
  return map;
}

static PlanKernelLaunch readKernelLaunch(const PlanObject &object) {
  PlanKernelLaunch launch{
      readGrid(object), object.integer("block", 1, 1024), object.integer("shared", 0, 1 << 20), {}};
  for (const PlanObject &map : object.members("tensor_maps"))
    launch.tensorMaps.push_back(readTensorMap(map));
  return launch;
}

static std::vector<PlanModule> readModules(const PlanObject &target, TargetKind kind) {
  std::vector<PlanModule> modules;
  for (const PlanObject &object : target.members("modules")) {
    PlanModule module;
    module.file = readFileName(object, "file");
    if (kind == TargetKind::Cpu) {
      module.level = object.string("level");
      module.required = object.stringList("requires");
    } else {
      module.level = object.string("chip");
      module.programmaticLaunch = object.optionalBoolean("programmatic_launch").value_or(false);
      if (std::optional<PlanObject> launches = object.optionalMember("launches"))
        for (const auto &[kernel, launch] : launches->entries())
          module.launches.emplace(kernel, readKernelLaunch(launch));
    }
    modules.push_back(std::move(module));
  }
  if (modules.empty())
    target.failAt("modules", "is empty");
  return modules;
}

static PlanCachePool readPool(const PlanObject &cache, std::string_view part, int64_t headDim,
                              int64_t pageTokens) {
  PlanObject object = cache.member(part);
  PlanCachePool pool;
  pool.format = object.string("format");
  pool.layout = object.string("layout");
  pool.blockBytes = object.integer("block_bytes", 1, int64_t(1) << 30);
  pool.windowBytes = object.optionalInteger("window_bytes", 1, int64_t(1) << 30).value_or(0);
  // Of a plain element type, the least that a block must hold is known here.
  if (std::optional<DType> dtype = parseDType(pool.format)) {
    int64_t needed = headDim * pageTokens * int64_t(byteSize(*dtype));
    if (pool.blockBytes < needed)
      object.failAt("block_bytes",
                    fmt::format("is {}, but {} tokens of {} {} elements are {} bytes",
                                pool.blockBytes, pageTokens, headDim, pool.format, needed));
  }
  return pool;
}

static std::vector<PlanCache> readCaches(const PlanObject &target, int64_t pageTokens) {
  std::vector<PlanCache> caches;
  for (const PlanObject &object : target.members("caches")) {
    PlanCache cache;
    cache.name = object.string("name");
    cache.kvHeads = object.integer("kv_heads", 1, 1 << 16);
    cache.headDim = object.integer("head_dim", 1, 1 << 12);
    cache.key = readPool(object, "k", cache.headDim, pageTokens);
    cache.value = readPool(object, "v", cache.headDim, pageTokens);
    caches.push_back(std::move(cache));
  }
  return caches;
}

/// The result must be what the config says, in all functions of the kind alike.
static void checkResult(const PlanObject &function, const PlanResult &result, int64_t columns,
                        std::string_view meaning) {
  if (result.columns != columns)
    function.failAt("result.columns", fmt::format("is {}, but the config's {} is {}",
                                                  result.columns, meaning, columns));
}

static void checkFunctions(const PlanObject &functions, const PlanTarget &target,
                           const ModelConfig &config) {
  checkResult(functions.member("prefill"), target.prefill.result, config.hiddenSize, "hidden_size");
  checkResult(functions.member("decode"), target.decode.result, config.hiddenSize, "hidden_size");
  checkResult(functions.member("prefill_head"), target.prefillHead.result, config.vocabSize,
              "vocab_size");
  checkResult(functions.member("decode_head"), target.decodeHead.result, config.vocabSize,
              "vocab_size");
  // Heads read the hidden states of either body.
  const PlanResult &prefill = target.prefill.result, &decode = target.decode.result;
  if (prefill.stride != decode.stride || prefill.type != decode.type)
    functions.failAt("decode.result",
                     fmt::format("has rows of {} x {}, but that of prefill {} x {}", decode.stride,
                                 shortName(decode.type), prefill.stride, shortName(prefill.type)));
  for (const PlanFunction *head : {&target.prefillHead, &target.decodeHead})
    if (head->result.type != DType::F32)
      functions.failAt("prefill_head.result.type", "must be f32, as that of decode_head");
}

static PlanFunction readScore(const PlanObject &functions, const PlanObject &object,
                              PlanFunctionParser &parser, const PlanTarget &target,
                              const ModelConfig &config) {
  // Where its kernel takes the rows of logits to be.
  const int64_t stride = (config.vocabSize + 31) / 32 * 32;
  PlanFunction score = parser.parse(object, FunctionRole::Score);
  checkResult(object, score.result, numScoreColumns, "score");
  if (score.result.type != DType::F32)
    object.failAt("result.type", "must be f32");
  for (const PlanFunction *head : {&target.prefillHead, &target.decodeHead})
    if (head->result.stride != stride)
      functions.failAt("score",
                       fmt::format("takes rows of logits {} elements apart; those of {} are {}",
                                   stride, head->name, head->result.stride));
  return score;
}

PlanTarget qopt::parsePlanTarget(const PlanObject &object, TargetKind kind, const Plan &plan,
                                 PlanWeights &weights) {
  PlanTarget target;
  target.modules = readModules(object, kind);
  target.caches = readCaches(object, plan.pageTokens);

  PlanObject functions = object.member("functions");
  PlanFunctionParser parser(kind, plan, target.caches, weights);
  target.prefill = parser.parse(functions.member("prefill"), FunctionRole::PrefillBody);
  target.decode = parser.parse(functions.member("decode"), FunctionRole::DecodeBody);
  target.prefillHead = parser.parse(functions.member("prefill_head"), FunctionRole::PrefillHead);
  target.decodeHead = parser.parse(functions.member("decode_head"), FunctionRole::DecodeHead);
  checkFunctions(functions, target, plan.config);
  if (std::optional<PlanObject> score = functions.optionalMember("score"))
    target.score = readScore(functions, *score, parser, target, plan.config);
  return target;
}
