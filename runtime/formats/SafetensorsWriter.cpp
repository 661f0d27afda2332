//===- SafetensorsWriter.cpp - aligned safetensors files ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/SafetensorsWriter.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <cassert>
#include <unordered_set>

using namespace qopt;

static uint64_t alignUp(uint64_t value) {
  return (value + SafetensorsWriter::alignment - 1) / SafetensorsWriter::alignment *
         SafetensorsWriter::alignment;
}

namespace {

/// The header's JSON, built while tensors are placed one after the other.
class LayoutBuilder {
public:
  explicit LayoutBuilder(const std::map<std::string, std::string> &metadata) {
    if (!metadata.empty())
      json["__metadata__"] = metadata;
  }

  /// Returns the offset from the start of the data, which is aligned.
  uint64_t place(const std::string &name, DType dtype, const std::vector<int64_t> &shape,
                 uint64_t size) {
    if (uint64_t gap = alignUp(end) - end)
      append(safetensorsPaddingName(paddings++), DType::U8, {int64_t(gap)}, gap);
    uint64_t begin = end;
    append(name, dtype, shape, size);
    return begin;
  }

  /// The length and the text, padded with spaces so that the data is aligned.
  std::string header(const std::string &path) const {
    std::string text;
    try {
      text = json.dump();
    } catch (const nlohmann::json::exception &) {
      fail("{}: the name of a tensor or its metadata is no valid UTF-8", path);
    }
    text.resize(alignUp(8 + text.size()) - 8, ' ');
    uint64_t length = text.size();
    return std::string(reinterpret_cast<const char *>(&length), 8) + text;
  }

  uint64_t dataSize() const { return end; }

private:
  void append(const std::string &name, DType dtype, const std::vector<int64_t> &shape,
              uint64_t size) {
    json[name] = {
        {"dtype", safetensorsName(dtype)}, {"shape", shape}, {"data_offsets", {end, end + size}}};
    end += size;
  }

  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  uint64_t end = 0;
  size_t paddings = 0;
};

} // namespace

/// Throws an Error unless `spec` can be written behind `before` bytes. Returns its bytes.
static uint64_t checkSpec(const TensorSpec &spec, uint64_t before, const std::string &path) {
  if (isSafetensorsPadding(spec.name) || spec.name == "__metadata__")
    fail("{}: the tensor name {} is reserved", path, quote(spec.name));
  std::optional<uint64_t> size = tensorByteSize(spec.dtype, spec.shape);
  constexpr uint64_t maxFileBytes = uint64_t(1) << 60;
  if (!size || *size > maxFileBytes || before > maxFileBytes)
    fail("{}: tensor {} of shape {} is too large for a file", path, quote(spec.name),
         formatShape(spec.shape));
  return *size;
}

SafetensorsWriter::SafetensorsWriter(const std::string &path, std::vector<TensorSpec> specs,
                                     const std::map<std::string, std::string> &metadata) {
  LayoutBuilder builder(metadata);
  std::unordered_set<std::string_view> names;
  for (const TensorSpec &spec : specs) {
    uint64_t size = checkSpec(spec, builder.dataSize(), path);
    if (!names.insert(spec.name).second)
      fail("{}: the tensor {} would be written twice", path, quote(spec.name));
    uint64_t offset = builder.place(spec.name, spec.dtype, spec.shape, size);
    layout.push_back({spec.name, spec.dtype, spec.shape, offset, size});
  }
  std::string header = builder.header(path);
  for (TensorInfo &tensor : layout)
    tensor.offset += header.size();
  written.resize(layout.size());
  file = std::make_unique<AtomicFile>(path, header.size() + builder.dataSize());
  file->append(header);
}

void SafetensorsWriter::write(size_t index, uint64_t offset, std::span<const std::byte> bytes) {
  const TensorInfo &tensor = layout[index];
  assert(offset <= tensor.size && bytes.size() <= tensor.size - offset && "beyond the tensor");
  if (bytes.empty())
    return;
  file->writeAt(tensor.offset + offset, bytes);

  std::lock_guard lock(mutex);
  RangeMap &ranges = written[index];
  uint64_t end = offset + bytes.size();
  auto next = ranges.upper_bound(offset);
  if (next != ranges.end() && next->first == end)
    end = ranges.extract(next++).mapped();
  assert((next == ranges.end() || end < next->first) && "bytes were written twice");
  if (next != ranges.begin() && std::prev(next)->second == offset)
    std::prev(next)->second = end;
  else
    ranges.emplace(offset, end);
}

void SafetensorsWriter::commit() {
  for (size_t i = 0; i < layout.size(); ++i) {
    const RangeMap &ranges = written[i];
    uint64_t size = layout[i].size;
    if (size != 0 && (ranges.size() != 1 || *ranges.begin() != RangeMap::value_type(0, size)))
      fail("{}: tensor {} of {} bytes was not written fully", file->path(), quote(layout[i].name),
           size);
  }
  file->commit();
}
