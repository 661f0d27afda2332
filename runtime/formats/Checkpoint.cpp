//===- Checkpoint.cpp - the tensors of a Hugging Face directory -----------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Checkpoint.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <filesystem>

using namespace qopt;
namespace fs = std::filesystem;

/// Tensor names by shard, as the index has them.
using ShardMap = std::map<std::string, std::vector<std::string>>;

static ShardMap readIndex(const std::string &path) {
  Json json = readJsonFile(path);
  JsonObject weightMap = JsonObject(json, path).object("weight_map");
  ShardMap shards;
  for (const auto &[tensor, value] : weightMap.json().items()) {
    std::string shard = weightMap.string(tensor);
    // A checkpoint downloaded from elsewhere must not reach outside its directory.
    if (shard.empty() || shard.find('/') != shard.npos || shard.find('\0') != shard.npos)
      fail("{}: the shard {} of tensor {} is no plain file name", path, quote(shard),
           quote(tensor));
    shards[shard].push_back(tensor);
  }
  if (shards.empty())
    fail("{}: 'weight_map' names no tensors", path);
  return shards;
}

[[noreturn]] static void failWithoutWeights(const std::string &directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    fail("'{}' is no directory; expected a checkpoint with model.safetensors", directory);
  if (fs::exists(directory + "/pytorch_model.bin", error) ||
      fs::exists(directory + "/pytorch_model.bin.index.json", error))
    fail("'{}' has only pytorch_model.bin weights; convert them to model.safetensors first",
         directory);
  fail("'{}' has neither model.safetensors nor model.safetensors.index.json", directory);
}

Checkpoint::Checkpoint(std::string directory) : directoryPath(std::move(directory)) {
  std::string single = directoryPath + "/model.safetensors";
  std::string index = directoryPath + "/model.safetensors.index.json";
  std::error_code error;
  if (fs::exists(single, error)) {
    shards.push_back(std::make_unique<SafetensorsFile>(single));
    addTensorsOf(*shards.back());
  } else if (fs::exists(index, error)) {
    openShards(index);
  } else {
    failWithoutWeights(directoryPath);
  }
}

void Checkpoint::openShards(const std::string &indexPath) {
  for (const auto &[shard, names] : readIndex(indexPath)) {
    std::string path = fmt::format("{}/{}", directoryPath, shard);
    std::error_code error;
    if (!fs::exists(path, error))
      fail("'{}' is missing; {} places {} tensors in it, such as {}", path, indexPath, names.size(),
           quote(names.front()));
    shards.push_back(std::make_unique<SafetensorsFile>(path));
    for (const std::string &name : names)
      if (!shards.back()->find(name))
        fail("{}: has no tensor {}, which {} places in it", path, quote(name), indexPath);
    addTensorsOf(*shards.back());
  }
}

void Checkpoint::addTensorsOf(const SafetensorsFile &file) {
  for (const TensorInfo &info : file.tensors()) {
    if (isSafetensorsPadding(info.name))
      continue;
    auto [entry, isNew] = tensorByName.emplace(info.name, Tensor{&file, &info});
    if (!isNew)
      fail("tensor {} is in two shards, '{}' and '{}'", quote(info.name),
           entry->second.file->path(), file.path());
  }
}

const Checkpoint::Tensor *Checkpoint::find(std::string_view name) const {
  auto entry = tensorByName.find(name);
  return entry == tensorByName.end() ? nullptr : &entry->second;
}

const Checkpoint::Tensor &Checkpoint::get(std::string_view name) const {
  if (const Tensor *tensor = find(name))
    return *tensor;
  fail("the checkpoint '{}' has no tensor {}", directoryPath, quote(name));
}
