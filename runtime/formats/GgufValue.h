//===- GgufValue.h - the metadata of GGUF files -----------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_GGUFVALUE_H
#define QOPT_RUNTIME_FORMATS_GGUFVALUE_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace qopt {

/// The types of metadata values, with the format's numbers.
enum class GgufType : uint32_t {
  U8 = 0,
  I8 = 1,
  U16 = 2,
  I16 = 3,
  U32 = 4,
  I32 = 5,
  F32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  U64 = 10,
  I64 = 11,
  F64 = 12,
};

/// Bytes of a scalar; 0 for strings and arrays.
size_t byteSize(GgufType type);
/// "u32", "string", ...
std::string_view name(GgufType type);

/// A value as its bytes in the file, which must outlive it.
struct GgufValue {
  GgufType type;
  GgufType elementType; ///< of an array
  uint64_t count;       ///< elements of an array, or bytes of a string
  /// The number, the string's text, or the array's elements: numbers one after the other, strings
  /// each behind its length as u64.
  std::span<const std::byte> bytes;
};

/// The key-value pairs of a file, read by key. Every getter throws an Error that names the file,
/// the key, and what was expected. Numbers of any integer type serve as integers; f32 and f64 as
/// numbers, an f32 as the shortest decimal that is read back as it (1e-6 is not 9.99999997e-7).
class GgufMetadata {
public:
  /// `file` is for messages only.
  explicit GgufMetadata(std::string file) : fileName(std::move(file)) {}

  /// Throws an Error if the key is there already.
  void add(std::string_view key, const GgufValue &value);

  bool has(std::string_view key) const { return find(key) != nullptr; }
  /// Null if there is none.
  const GgufValue *find(std::string_view key) const;

  int64_t integer(std::string_view key, int64_t min, int64_t max) const;
  std::optional<int64_t> optionalInteger(std::string_view key, int64_t min, int64_t max) const;
  double number(std::string_view key, double min, double max) const;
  std::optional<double> optionalNumber(std::string_view key, double min, double max) const;
  std::optional<bool> optionalBoolean(std::string_view key) const;
  std::string string(std::string_view key) const;
  std::optional<std::string> optionalString(std::string_view key) const;

  /// Arrays; nothing if the key is absent.
  std::optional<std::vector<std::string_view>> strings(std::string_view key) const;
  std::optional<std::vector<int64_t>> integers(std::string_view key) const;
  std::optional<std::vector<float>> floats(std::string_view key) const;

  /// Throws "<file>: '<key>' <problem>".
  [[noreturn]] void failAt(std::string_view key, std::string_view problem) const;

  const std::string &file() const { return fileName; }
  const std::map<std::string_view, GgufValue> &all() const { return values; }

private:
  [[noreturn]] void failExpected(std::string_view key, const GgufValue &value,
                                 std::string_view expected) const;
  template <typename T> T inRange(std::string_view key, T value, T min, T max) const;
  const GgufValue *findArray(std::string_view key, std::string_view expected) const;

  std::string fileName;
  std::map<std::string_view, GgufValue> values;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_GGUFVALUE_H
