//===- GgufCheckpoint.cpp - a model in GGUF files -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufCheckpoint.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <filesystem>

using namespace qopt;

// The keys of files that are parts of a model.
static constexpr std::string_view splitNumber = "split.no";
static constexpr std::string_view splitCount = "split.count";
static constexpr std::string_view splitTensors = "split.tensors.count";
static constexpr int64_t maxSplits = 1 << 16;

GgufFile::GgufFile(std::string path)
    : file(std::move(path)), header(parseGgufHeader(file.bytes(), file.path())) {}

const GgufTensor &GgufFile::get(std::string_view name) const {
  auto found = std::ranges::find(header.tensors, name, &GgufTensor::name);
  if (found == header.tensors.end())
    fail("{}: has no tensor {}", path(), quote(name));
  return *found;
}

std::span<const std::byte> GgufFile::data(const GgufTensor &tensor) const {
  return file.bytes().subspan(tensor.offset, tensor.size);
}

GgufCheckpoint::GgufCheckpoint(const std::string &path) {
  parts.push_back(std::make_unique<GgufFile>(path));
  addTensorsOf(*parts.front());
  int64_t count = metadata().optionalInteger(splitCount, 0, maxSplits).value_or(1);
  if (count <= 1)
    return;
  openOthers(count);
  auto expected = metadata().optionalInteger(splitTensors, 0, std::numeric_limits<int64_t>::max());
  if (expected && *expected != int64_t(tensorByName.size()))
    fail("{}: the {} files hold {} tensors, but '{}' is {}", path, count, tensorByName.size(),
         splitTensors, *expected);
}

void GgufCheckpoint::openOthers(int64_t count) {
  std::string first = path();
  std::string suffix = fmt::format("-00001-of-{:05}.gguf", count);
  if (int64_t number = metadata().integer(splitNumber, 0, maxSplits); number != 0)
    fail("{}: this is part {} of {}; name the first, which ends in {}", first, number + 1, count,
         suffix);
  if (!first.ends_with(suffix))
    fail("{}: this is the first of {} parts, whose name must end in {}", first, count, suffix);
  std::string prefix = first.substr(0, first.size() - suffix.size());
  for (int64_t i = 1; i < count; ++i) {
    std::string path = fmt::format("{}-{:05}-of-{:05}.gguf", prefix, i + 1, count);
    std::error_code error;
    if (!std::filesystem::exists(path, error))
      fail("'{}' is missing; '{}' is the first of {} parts", path, first, count);
    parts.push_back(std::make_unique<GgufFile>(path));
    const GgufMetadata &metadata = parts.back()->metadata();
    int64_t number = metadata.integer(splitNumber, 0, maxSplits);
    if (number != i || metadata.integer(splitCount, 0, maxSplits) != count)
      fail("{}: this is part {} of {}, but its name says part {} of {}", path, number + 1,
           metadata.integer(splitCount, 0, maxSplits), i + 1, count);
    addTensorsOf(*parts.back());
  }
}

void GgufCheckpoint::addTensorsOf(const GgufFile &file) {
  for (const GgufTensor &tensor : file.tensors()) {
    auto [entry, isNew] = tensorByName.emplace(tensor.name, Tensor{&file, &tensor});
    if (!isNew)
      fail("tensor {} is in two parts, '{}' and '{}'", quote(tensor.name),
           entry->second.file->path(), file.path());
  }
}

const GgufCheckpoint::Tensor *GgufCheckpoint::find(std::string_view name) const {
  auto entry = tensorByName.find(name);
  return entry == tensorByName.end() ? nullptr : &entry->second;
}

const GgufCheckpoint::Tensor &GgufCheckpoint::get(std::string_view name) const {
  if (const Tensor *tensor = find(name))
    return *tensor;
  fail("{}: has no tensor {}", path(), quote(name));
}
