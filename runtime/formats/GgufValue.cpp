//===- GgufValue.cpp - the metadata of GGUF files -------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/GgufValue.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

using namespace qopt;

namespace {
struct TypeTraits {
  std::string_view name;
  size_t byteSize;
};
} // namespace

/// By the format's numbers.
static constexpr std::array<TypeTraits, 13> typeTable = {{{"u8", 1},
                                                          {"i8", 1},
                                                          {"u16", 2},
                                                          {"i16", 2},
                                                          {"u32", 4},
                                                          {"i32", 4},
                                                          {"f32", 4},
                                                          {"bool", 1},
                                                          {"string", 0},
                                                          {"array", 0},
                                                          {"u64", 8},
                                                          {"i64", 8},
                                                          {"f64", 8}}};

size_t qopt::byteSize(GgufType type) { return typeTable[size_t(type)].byteSize; }

std::string_view qopt::name(GgufType type) { return typeTable[size_t(type)].name; }

template <typename T> static T read(std::span<const std::byte> bytes) {
  T value;
  memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// Nothing for types that are no integers, and for numbers beyond i64.
static std::optional<int64_t> readInteger(GgufType type, std::span<const std::byte> bytes) {
  switch (type) {
  case GgufType::U8:
    return read<uint8_t>(bytes);
  case GgufType::I8:
    return read<int8_t>(bytes);
  case GgufType::U16:
    return read<uint16_t>(bytes);
  case GgufType::I16:
    return read<int16_t>(bytes);
  case GgufType::U32:
    return read<uint32_t>(bytes);
  case GgufType::I32:
    return read<int32_t>(bytes);
  case GgufType::I64:
    return read<int64_t>(bytes);
  case GgufType::U64: {
    auto value = read<uint64_t>(bytes);
    return value >> 63 ? std::nullopt : std::optional(int64_t(value));
  }
  default:
    return std::nullopt;
  }
}

static double shortestDecimal(float value) {
  std::array<char, 64> digits;
  auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  double result = value;
  std::from_chars(digits.data(), end, result);
  return result;
}

static std::string_view textOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

void GgufMetadata::add(std::string_view key, const GgufValue &value) {
  if (!values.emplace(key, value).second)
    fail("{}: the metadata has {} twice", fileName, quote(key));
}

const GgufValue *GgufMetadata::find(std::string_view key) const {
  auto entry = values.find(key);
  return entry == values.end() ? nullptr : &entry->second;
}

void GgufMetadata::failAt(std::string_view key, std::string_view problem) const {
  fail("{}: {} {}", fileName, quote(key), problem);
}

void GgufMetadata::failExpected(std::string_view key, const GgufValue &value,
                                std::string_view expected) const {
  std::string type(name(value.type));
  if (value.type == GgufType::Array)
    type = fmt::format("array of {}", name(value.elementType));
  failAt(key, fmt::format("is of type {}; expected {}", type, expected));
}

template <typename T> T GgufMetadata::inRange(std::string_view key, T value, T min, T max) const {
  // Written so that a NaN fails.
  if (!(value >= min && value <= max))
    failAt(key, fmt::format("is {}; expected {} to {}", value, min, max));
  return value;
}

std::optional<int64_t> GgufMetadata::optionalInteger(std::string_view key, int64_t min,
                                                     int64_t max) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  std::optional<int64_t> integer = readInteger(value->type, value->bytes);
  if (!integer && value->type == GgufType::U64)
    failAt(key, fmt::format("is {}; expected {} to {}", read<uint64_t>(value->bytes), min, max));
  if (!integer)
    failExpected(key, *value, "an integer");
  return inRange(key, *integer, min, max);
}

int64_t GgufMetadata::integer(std::string_view key, int64_t min, int64_t max) const {
  if (auto value = optionalInteger(key, min, max))
    return *value;
  fail("{}: the metadata has no {}", fileName, quote(key));
}

std::optional<double> GgufMetadata::optionalNumber(std::string_view key, double min,
                                                   double max) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type == GgufType::F32)
    return inRange(key, shortestDecimal(read<float>(value->bytes)), min, max);
  if (value->type == GgufType::F64)
    return inRange(key, read<double>(value->bytes), min, max);
  if (std::optional<int64_t> integer = readInteger(value->type, value->bytes))
    return inRange(key, double(*integer), min, max);
  failExpected(key, *value, "a number");
}

double GgufMetadata::number(std::string_view key, double min, double max) const {
  if (auto value = optionalNumber(key, min, max))
    return *value;
  fail("{}: the metadata has no {}", fileName, quote(key));
}

std::optional<bool> GgufMetadata::optionalBoolean(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::Bool)
    failExpected(key, *value, "a bool");
  return read<uint8_t>(value->bytes) != 0;
}

std::optional<std::string> GgufMetadata::optionalString(std::string_view key) const {
  const GgufValue *value = find(key);
  if (!value)
    return std::nullopt;
  if (value->type != GgufType::String)
    failExpected(key, *value, "a string");
  return std::string(textOf(value->bytes));
}

std::string GgufMetadata::string(std::string_view key) const {
  if (auto value = optionalString(key))
    return *value;
  fail("{}: the metadata has no {}", fileName, quote(key));
}

const GgufValue *GgufMetadata::findArray(std::string_view key, std::string_view expected) const {
  const GgufValue *value = find(key);
  if (value && value->type != GgufType::Array)
    failExpected(key, *value, expected);
  return value;
}

std::optional<std::vector<std::string_view>> GgufMetadata::strings(std::string_view key) const {
  const GgufValue *value = findArray(key, "an array of strings");
  if (!value)
    return std::nullopt;
  if (value->elementType != GgufType::String)
    failExpected(key, *value, "an array of strings");
  std::vector<std::string_view> texts;
  texts.reserve(value->count);
  for (std::span<const std::byte> rest = value->bytes; !rest.empty();) {
    auto length = read<uint64_t>(rest);
    texts.push_back(textOf(rest.subspan(sizeof(length), length)));
    rest = rest.subspan(sizeof(length) + length);
  }
  return texts;
}

std::optional<std::vector<int64_t>> GgufMetadata::integers(std::string_view key) const {
  const GgufValue *value = findArray(key, "an array of integers");
  if (!value)
    return std::nullopt;
  std::vector<int64_t> numbers;
  size_t size = byteSize(value->elementType);
  for (uint64_t i = 0; i < value->count; ++i) {
    std::optional<int64_t> number =
        size ? readInteger(value->elementType, value->bytes.subspan(i * size, size)) : std::nullopt;
    if (!number)
      failExpected(key, *value, "an array of integers");
    numbers.push_back(*number);
  }
  return numbers;
}

std::optional<std::vector<float>> GgufMetadata::floats(std::string_view key) const {
  const GgufValue *value = findArray(key, "an array of f32");
  if (!value)
    return std::nullopt;
  if (value->elementType != GgufType::F32)
    failExpected(key, *value, "an array of f32");
  std::vector<float> numbers(value->count);
  if (!numbers.empty())
    memcpy(numbers.data(), value->bytes.data(), value->bytes.size());
  return numbers;
}
