//===- GgufWriter.cpp - writing GGUF files --------------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufWriter.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>

using namespace qopt;

template <typename T> void GgufPairs::appendNumber(T value) {
  bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

void GgufPairs::appendString(std::string_view text) {
  appendNumber(uint64_t(text.size()));
  bytes += text;
}

void GgufPairs::begin(std::string_view key, GgufType type) {
  ++count;
  appendString(key);
  appendNumber(uint32_t(type));
}

void GgufPairs::beginArray(std::string_view key, GgufType elementType, size_t count) {
  begin(key, GgufType::Array);
  appendNumber(uint32_t(elementType));
  appendNumber(uint64_t(count));
}

void GgufPairs::add(std::string_view key, uint32_t value) {
  begin(key, GgufType::U32);
  appendNumber(value);
}

void GgufPairs::add(std::string_view key, float value) {
  begin(key, GgufType::F32);
  appendNumber(value);
}

void GgufPairs::add(std::string_view key, bool value) {
  begin(key, GgufType::Bool);
  appendNumber(uint8_t(value));
}

void GgufPairs::add(std::string_view key, std::string_view value) {
  begin(key, GgufType::String);
  appendString(value);
}

void GgufPairs::add(std::string_view key, std::span<const std::string> values) {
  beginArray(key, GgufType::String, values.size());
  for (const std::string &value : values)
    appendString(value);
}

void GgufPairs::add(std::string_view key, std::span<const float> values) {
  beginArray(key, GgufType::F32, values.size());
  for (float value : values)
    appendNumber(value);
}

void GgufPairs::add(std::string_view key, std::span<const int32_t> values) {
  beginArray(key, GgufType::I32, values.size());
  for (int32_t value : values)
    appendNumber(value);
}

void GgufPairs::add(std::string_view key, const GgufValue &value) {
  begin(key, value.type);
  if (value.type == GgufType::Array)
    appendNumber(uint32_t(value.elementType));
  if (value.type == GgufType::Array || value.type == GgufType::String)
    appendNumber(value.count);
  bytes.append(reinterpret_cast<const char *>(value.bytes.data()), value.bytes.size());
}

static uint64_t alignUp(uint64_t value) {
  constexpr uint64_t alignment = GgufFormat::defaultAlignment;
  return (value + alignment - 1) / alignment * alignment;
}

GgufWriter::GgufWriter(const std::string &path, const GgufPairs &pairs,
                       const std::vector<GgufTensorSpec> &tensors) {
  GgufPairs header; // its numbers and strings are those of the rest of the file
  header.bytes = GgufFormat::magic;
  header.appendNumber(GgufFormat::maxVersion);
  header.appendNumber(uint64_t(tensors.size()));
  header.appendNumber(pairs.count);
  header.bytes += pairs.bytes;
  uint64_t end = 0;
  for (const GgufTensorSpec &tensor : tensors) {
    std::optional<uint64_t> size = ggmlByteSize(tensor.type, tensor.shape);
    constexpr uint64_t maxFileBytes = uint64_t(1) << 60;
    if (!size || *size > maxFileBytes || end > maxFileBytes)
      fail("{}: tensor {} of shape {} cannot be stored as {}", path, quote(tensor.name),
           formatShape(tensor.shape), ggmlTraits(tensor.type).name);
    header.appendString(tensor.name);
    header.appendNumber(uint32_t(tensor.shape.size()));
    for (auto size = tensor.shape.rbegin(); size != tensor.shape.rend(); ++size)
      header.appendNumber(uint64_t(*size));
    header.appendNumber(uint32_t(tensor.type));
    header.appendNumber(end);
    offsets.push_back(end);
    end = alignUp(end + *size);
  }
  uint64_t dataStart = alignUp(header.bytes.size());
  for (uint64_t &offset : offsets)
    offset += dataStart;
  file = std::make_unique<AtomicFile>(path, dataStart + end);
  file->append(header.bytes);
}

void GgufWriter::write(size_t index, uint64_t offset, std::span<const std::byte> bytes) {
  file->writeAt(offsets[index] + offset, bytes);
}
