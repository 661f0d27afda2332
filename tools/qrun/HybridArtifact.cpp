//===- HybridArtifact.cpp - caches exchanged between layers ---------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/HybridArtifact.h"

#include "runtime/formats/AtomicFile.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/MappedFile.h"
#include <algorithm>
#include <filesystem>
#include <optional>

using namespace qopt;
namespace fs = std::filesystem;

/// The cache that a launch reads or writes.
static std::optional<size_t> cacheOf(const Json &launch) {
  for (const Json &argument : launch["args"])
    if (argument.contains("cache"))
      return argument["cache"].get<size_t>();
  return std::nullopt;
}

/// The launches that use each cache, in order.
static std::vector<std::vector<size_t>> launchesByCache(const Json &launches, size_t numCaches) {
  std::vector<std::vector<size_t>> result(numCaches);
  for (size_t i = 0; i < launches.size(); ++i)
    if (const std::optional<size_t> cache = cacheOf(launches[i]))
      result.at(*cache).push_back(i);
  return result;
}

/// Arguments of another layer's kernel, with the slots, weights and cache of ours.
static Json exchangeArguments(const Json &ours, const Json &theirs, size_t cache,
                              const std::string &file) {
  auto isOfLayer = [](const Json &argument) {
    return argument.contains("slot") || argument.contains("weight");
  };
  if (std::ranges::count_if(ours, isOfLayer) != std::ranges::count_if(theirs, isOfLayer))
    fail("{}: a layer's kernels read other tensors than those of cache {}", file, cache);
  Json result = theirs;
  auto next = ours.begin();
  for (Json &argument : result)
    if (isOfLayer(argument)) {
      next = std::find_if(next, ours.end(), isOfLayer);
      argument = *next++;
    } else if (argument.contains("cache")) {
      argument["cache"] = cache;
    }
  return result;
}

static void exchangeLaunches(Json &launches, const std::vector<size_t> &templates,
                             const std::string &file) {
  const Json original = launches;
  const std::vector<std::vector<size_t>> users = launchesByCache(original, templates.size());
  for (size_t cache = 0; cache < templates.size(); ++cache) {
    const std::vector<size_t> &ours = users[cache], &theirs = users[templates[cache]];
    if (ours.size() != theirs.size())
      fail("{}: caches {} and {} are not used alike", file, cache, templates[cache]);
    for (size_t i = 0; i < ours.size(); ++i) {
      if (original[ours[i]]["op"] != original[theirs[i]]["op"])
        fail("{}: caches {} and {} are not used alike", file, cache, templates[cache]);
      for (const char *key : {"kernel", "grid", "scratch"})
        if (original[theirs[i]].contains(key))
          launches[ours[i]][key] = original[theirs[i]][key];
      launches[ours[i]]["args"] =
          exchangeArguments(original[ours[i]]["args"], original[theirs[i]]["args"], cache, file);
    }
  }
}

static void exchangeCaches(Json &caches, const std::vector<size_t> &templates,
                           const std::string &file) {
  const Json original = caches;
  for (size_t cache = 0; cache < templates.size(); ++cache) {
    const Json &other = original.at(templates[cache]);
    for (const char *key : {"kv_heads", "head_dim"})
      if (original[cache][key] != other[key])
        fail("{}: caches {} and {} have other heads: sensitivities are measured where all have the "
             "same",
             file, cache, templates[cache]);
    for (const char *part : {"k", "v"})
      caches[cache][part] = other[part];
  }
}

void qopt::makeHybridArtifact(const std::string &source, const std::vector<size_t> &templates,
                              const std::string &target) {
  const std::string file = source + "/plan.json";
  const MappedFile mapped(file);
  Json plan = parseJson(
      {reinterpret_cast<const char *>(mapped.bytes().data()), mapped.bytes().size()}, file);
  Json &cpu = plan.at("targets").at("cpu");
  for (auto &[name, function] : cpu.at("functions").items())
    exchangeLaunches(function["launches"], templates, file);
  exchangeCaches(cpu.at("caches"), templates, file);
  fs::create_directory(target);
  for (const fs::directory_entry &entry : fs::directory_iterator(fs::absolute(source)))
    if (entry.path().filename() != "plan.json")
      fs::create_symlink(entry.path(), fs::path(target) / entry.path().filename());
  writeFile(target + "/plan.json", plan.dump());
}
