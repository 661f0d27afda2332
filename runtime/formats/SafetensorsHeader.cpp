//===- SafetensorsHeader.cpp - reading safetensors headers ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsHeader.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cstring>

using namespace qopt;

static constexpr std::string_view paddingPrefix = "__pad_";

std::string qopt::safetensorsPaddingName(size_t n) { return fmt::format("{}{}", paddingPrefix, n); }

bool qopt::isSafetensorsPadding(std::string_view name) { return name.starts_with(paddingPrefix); }

std::optional<uint64_t> qopt::tensorByteSize(DType dtype, std::span<const int64_t> shape) {
  int64_t size = int64_t(byteSize(dtype));
  for (int64_t dimension : shape)
    if (dimension < 0 || __builtin_mul_overflow(size, dimension, &size))
      return std::nullopt;
  return uint64_t(size);
}

/// The JSON text, after its length in the first 8 bytes.
static std::string_view headerText(std::span<const std::byte> file, const std::string &path) {
  if (file.size() < 8)
    fail("{}: no safetensors file: {} bytes, shorter than the 8 of the header's length", path,
         file.size());
  uint64_t length;
  memcpy(&length, file.data(), 8);
  if (length > maxSafetensorsHeaderBytes)
    fail("{}: no safetensors file: claims a header of {} bytes; at most {} are allowed", path,
         length, maxSafetensorsHeaderBytes);
  if (length > file.size() - 8)
    fail("{}: truncated: the header has {} bytes, but only {} follow its length", path, length,
         file.size() - 8);
  return {reinterpret_cast<const char *>(file.data()) + 8, length};
}

static DType parseTensorType(const JsonObject &entry, std::string_view name) {
  std::string text = entry.string("dtype");
  // Only the format's own names, not the short ones.
  std::optional<DType> dtype = parseDType(text);
  if (!dtype || safetensorsName(*dtype) != text)
    fail("{}: tensor {} has the unknown dtype {}", entry.file(), quote(name), quote(text));
  return *dtype;
}

static std::vector<int64_t> requiredList(const JsonObject &entry, std::string_view key) {
  if (!entry.has(key) || !entry.json().at(std::string(key)).is_array())
    entry.failAt(key, "is not a list of integers");
  return entry.integerList(key, 0, std::numeric_limits<int64_t>::max());
}

/// Reads one tensor; `dataSize` bytes follow the header.
static TensorInfo parseTensor(const JsonObject &entry, const std::string &name, uint64_t dataStart,
                              uint64_t dataSize) {
  TensorInfo tensor;
  tensor.name = name;
  tensor.dtype = parseTensorType(entry, name);
  tensor.shape = requiredList(entry, "shape");
  std::vector<int64_t> offsets = requiredList(entry, "data_offsets");
  if (offsets.size() != 2 || offsets[0] > offsets[1])
    fail("{}: tensor {} has data_offsets {}; expected [begin, end]", entry.file(), quote(name),
         formatShape(offsets));
  uint64_t begin = offsets[0], end = offsets[1];
  std::optional<uint64_t> size = tensorByteSize(tensor.dtype, tensor.shape);
  if (!size)
    fail("{}: tensor {} of shape {} and dtype {} is larger than any file", entry.file(),
         quote(name), formatShape(tensor.shape), safetensorsName(tensor.dtype));
  if (*size != end - begin)
    fail("{}: tensor {} of shape {} and dtype {} needs {} bytes, but its data_offsets [{}, {}] "
         "hold {}",
         entry.file(), quote(name), formatShape(tensor.shape), safetensorsName(tensor.dtype), *size,
         begin, end, end - begin);
  if (end > dataSize)
    fail("{}: truncated: tensor {} ends at byte {} of the data, but only {} bytes are present",
         entry.file(), quote(name), end, dataSize);
  tensor.offset = dataStart + begin;
  tensor.size = *size;
  return tensor;
}

/// Sorts the tensors by offset and checks that they cover the data.
static void checkLayout(std::vector<TensorInfo> &tensors, uint64_t dataStart, uint64_t dataSize,
                        const std::string &path) {
  // An empty tensor comes before the one that starts where it does.
  std::sort(tensors.begin(), tensors.end(), [](const TensorInfo &a, const TensorInfo &b) {
    return std::tie(a.offset, a.size, a.name) < std::tie(b.offset, b.size, b.name);
  });
  uint64_t position = dataStart;
  const TensorInfo *previous = nullptr;
  for (const TensorInfo &tensor : tensors) {
    if (tensor.offset < position)
      fail("{}: tensors {} (bytes {} to {} of the data) and {} ({} to {}) overlap", path,
           quote(previous->name), previous->offset - dataStart, position - dataStart,
           quote(tensor.name), tensor.offset - dataStart, tensor.offset + tensor.size - dataStart);
    if (tensor.offset > position)
      fail("{}: {} bytes before tensor {} belong to no tensor; the format forbids holes", path,
           tensor.offset - position, quote(tensor.name));
    position += tensor.size;
    previous = &tensor;
  }
  if (uint64_t rest = dataStart + dataSize - position)
    fail("{}: {} bytes after the last tensor belong to no tensor; the format forbids holes", path,
         rest);
}

static std::map<std::string, std::string> parseMetadata(const JsonObject &object) {
  std::map<std::string, std::string> metadata;
  for (const auto &[key, value] : object.json().items())
    metadata[key] = object.string(key);
  return metadata;
}

SafetensorsHeader qopt::parseSafetensorsHeader(std::span<const std::byte> file,
                                               const std::string &path) {
  constexpr std::string_view metadataKey = "__metadata__";
  std::string_view text = headerText(file, path);
  uint64_t dataStart = 8 + text.size();
  uint64_t dataSize = file.size() - dataStart;

  Json json = parseJson(text, path, {maxSafetensorsHeaderBytes, /*maxDepth=*/4});
  JsonObject object(json, path);
  SafetensorsHeader header;
  for (const auto &[name, value] : json.items()) {
    JsonObject entry(value, path, name);
    if (name == metadataKey)
      header.metadata = parseMetadata(entry);
    else
      header.tensors.push_back(parseTensor(entry, name, dataStart, dataSize));
  }
  checkLayout(header.tensors, dataStart, dataSize, path);
  return header;
}
