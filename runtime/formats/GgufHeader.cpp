//===- GgufHeader.cpp - what a GGUF file holds ----------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufHeader.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cstring>
#include <unordered_set>

using namespace qopt;

namespace {

/// Reads a file from front to back and never beyond its end. `what` names what is being read, for
/// messages.
class Cursor {
public:
  Cursor(std::span<const std::byte> file, const std::string &path) : file(file), path(path) {}

  template <typename T> T number(std::string_view what) {
    T value;
    memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  /// `size` bytes.
  std::span<const std::byte> take(uint64_t size, std::string_view what) {
    if (size > file.size() - position)
      fail("{}: truncated: {} at byte {} takes {} bytes, but only {} are left", path, what,
           position, size, file.size() - position);
    std::span<const std::byte> bytes = file.subspan(position, size);
    position += size;
    return bytes;
  }

  /// A length and as many bytes.
  std::string_view string(std::string_view what) {
    auto length = number<uint64_t>(what);
    std::span<const std::byte> bytes = take(length, what);
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
  }

  /// A number of things of at least `minBytes` each, which must fit what is left.
  uint64_t count(std::string_view what, uint64_t minBytes) {
    auto count = number<uint64_t>(what);
    checkCount(count, what, minBytes);
    return count;
  }
  void checkCount(uint64_t count, std::string_view what, uint64_t minBytes) const {
    if (count > (file.size() - position) / minBytes)
      fail("{}: truncated: {} {} take at least {} bytes each, but only {} are left", path, count,
           what, minBytes, file.size() - position);
  }

  uint64_t offset() const { return position; }
  std::span<const std::byte> since(uint64_t begin) const {
    return file.subspan(begin, position - begin);
  }

private:
  std::span<const std::byte> file;
  const std::string &path;
  uint64_t position = 0;
};

} // namespace

static uint32_t readVersion(Cursor &cursor, const std::string &path) {
  std::span<const std::byte> magic = cursor.take(4, "the magic");
  if (memcmp(magic.data(), GgufFormat::magic.data(), 4) != 0)
    fail("{}: no GGUF file: it begins with {}, not 'GGUF'", path,
         quote({reinterpret_cast<const char *>(magic.data()), 4}));
  auto version = cursor.number<uint32_t>("the version");
  if (version >= GgufFormat::minVersion && version <= GgufFormat::maxVersion)
    return version;
  if (uint32_t swapped = __builtin_bswap32(version); swapped <= GgufFormat::maxVersion)
    fail("{}: a big-endian GGUF file; convert it to little-endian (gguf_convert_endian.py)", path);
  fail("{}: GGUF version {}; versions {} and {} are supported", path, version,
       GgufFormat::minVersion, GgufFormat::maxVersion);
}

static GgufType readType(Cursor &cursor, std::string_view key, const std::string &path) {
  auto number = cursor.number<uint32_t>("a value's type");
  if (number > uint32_t(GgufType::F64))
    fail("{}: the value of {} has type {}; 0 to {} are known", path, quote(key), number,
         uint32_t(GgufType::F64));
  return GgufType(number);
}

static GgufValue readValue(Cursor &cursor, std::string_view key, const std::string &path) {
  std::string what = "the value of " + quote(key);
  GgufValue value{readType(cursor, key, path), {}, 0, {}};
  if (value.type == GgufType::String) {
    std::string_view text = cursor.string(what);
    value.count = text.size();
    value.bytes = std::as_bytes(std::span(text));
    return value;
  }
  if (value.type != GgufType::Array) {
    value.bytes = cursor.take(byteSize(value.type), what);
    return value;
  }
  value.elementType = readType(cursor, key, path);
  if (value.elementType == GgufType::Array)
    fail("{}: the value of {} is an array of arrays, which is not supported", path, quote(key));
  bool isStrings = value.elementType == GgufType::String;
  uint64_t elementBytes = isStrings ? sizeof(uint64_t) : byteSize(value.elementType);
  value.count = cursor.count("elements of " + quote(key), elementBytes);
  uint64_t begin = cursor.offset();
  if (isStrings)
    for (uint64_t i = 0; i < value.count; ++i)
      cursor.string(what);
  else
    cursor.take(value.count * elementBytes, what);
  value.bytes = cursor.since(begin);
  return value;
}

static uint64_t readAlignment(const GgufMetadata &metadata) {
  constexpr int64_t maxAlignment = 1 << 20;
  auto alignment = metadata.optionalInteger("general.alignment", 1, maxAlignment);
  if (alignment && (*alignment & (*alignment - 1)) != 0)
    metadata.failAt("general.alignment", fmt::format("is {}, no power of two", *alignment));
  return uint64_t(alignment.value_or(GgufFormat::defaultAlignment));
}

/// Reads one tensor's entry; its offset is still one from the start of the data.
static GgufTensor readTensor(Cursor &cursor, const std::string &path) {
  GgufTensor tensor;
  tensor.name = cursor.string("a tensor's name");
  auto dimensions = cursor.number<uint32_t>("a tensor's dimensions");
  if (dimensions < 1 || dimensions > GgufFormat::maxDimensions)
    fail("{}: tensor {} has {} dimensions; expected 1 to {}", path, quote(tensor.name), dimensions,
         GgufFormat::maxDimensions);
  for (uint32_t i = 0; i < dimensions; ++i) {
    auto size = cursor.number<uint64_t>("a tensor's shape");
    if (size > uint64_t(std::numeric_limits<int64_t>::max()))
      fail("{}: tensor {} has a dimension of {}, larger than any file", path, quote(tensor.name),
           size);
    tensor.shape.push_back(int64_t(size));
  }
  std::ranges::reverse(tensor.shape);
  auto type = cursor.number<uint32_t>("a tensor's type");
  const GgmlTraits *traits = findGgmlType(type);
  if (!traits) {
    std::string known;
    for (const GgmlTraits &other : ggmlTypes())
      known += fmt::format("{}{}", known.empty() ? "" : ", ", other.name);
    fail("{}: tensor {} has the unsupported type {}; supported are {}", path, quote(tensor.name),
         ggmlTypeName(type), known);
  }
  tensor.type = traits->type;
  tensor.offset = cursor.number<uint64_t>("a tensor's offset");
  if (tensor.shape.back() % traits->blockElements != 0)
    fail("{}: tensor {} of shape {} has rows of {} elements, no multiple of the {} of {}'s blocks",
         path, quote(tensor.name), formatShape(tensor.shape), tensor.shape.back(),
         traits->blockElements, traits->name);
  std::optional<uint64_t> size = ggmlByteSize(tensor.type, tensor.shape);
  if (!size)
    fail("{}: tensor {} of shape {} and type {} is larger than any file", path, quote(tensor.name),
         formatShape(tensor.shape), traits->name);
  tensor.size = *size;
  return tensor;
}

/// Makes offsets those in the file, sorts by them, and checks that tensors lie in the file, apart.
static void placeTensors(std::vector<GgufTensor> &tensors, uint64_t headerBytes, uint64_t alignment,
                         uint64_t fileBytes, const std::string &path) {
  uint64_t dataStart = (headerBytes + alignment - 1) / alignment * alignment;
  uint64_t dataBytes = fileBytes > dataStart ? fileBytes - dataStart : 0;
  std::unordered_set<std::string_view> names;
  for (GgufTensor &tensor : tensors) {
    if (!names.insert(tensor.name).second)
      fail("{}: there are two tensors {}", path, quote(tensor.name));
    if (tensor.offset % alignment != 0)
      fail("{}: tensor {} starts at byte {} of the data, which is not aligned to {}", path,
           quote(tensor.name), tensor.offset, alignment);
    if (tensor.offset > dataBytes || tensor.size > dataBytes - tensor.offset)
      fail("{}: truncated: tensor {} takes {} bytes from byte {} of the data, but only {} are "
           "present",
           path, quote(tensor.name), tensor.size, tensor.offset, dataBytes);
    tensor.offset += dataStart;
  }
  // An empty tensor comes before the one that starts where it does.
  std::ranges::sort(tensors, {}, [](const GgufTensor &tensor) {
    return std::tie(tensor.offset, tensor.size, tensor.name);
  });
  for (size_t i = 1; i < tensors.size(); ++i) {
    const GgufTensor &first = tensors[i - 1], &second = tensors[i];
    if (second.offset < first.offset + first.size)
      fail("{}: tensors {} (bytes {} to {} of the file) and {} ({} to {}) overlap", path,
           quote(first.name), first.offset, first.offset + first.size, quote(second.name),
           second.offset, second.offset + second.size);
  }
}

GgufHeader qopt::parseGgufHeader(std::span<const std::byte> file, const std::string &path) {
  Cursor cursor(file, path);
  GgufHeader header{readVersion(cursor, path), GgufMetadata(path), {}};
  // A name's length, the number of dimensions, one of them, the type and the offset; a key's
  // length, the type and a value of a byte.
  constexpr uint64_t minTensorBytes = 8 + 4 + 8 + 4 + 8, minPairBytes = 8 + 4 + 1;
  uint64_t tensorCount = cursor.count("tensors", minTensorBytes);
  uint64_t pairCount = cursor.count("key-value pairs", minPairBytes);
  for (uint64_t i = 0; i < pairCount; ++i) {
    std::string_view key = cursor.string("a key");
    header.metadata.add(key, readValue(cursor, key, path));
  }
  uint64_t alignment = readAlignment(header.metadata);
  cursor.checkCount(tensorCount, "tensors", minTensorBytes);
  for (uint64_t i = 0; i < tensorCount; ++i)
    header.tensors.push_back(readTensor(cursor, path));
  placeTensors(header.tensors, cursor.offset(), alignment, file.size(), path);
  return header;
}
