//===- Json.h - JSON files, with errors that name the place -----*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_FORMATS_JSON_H
#define QOPT_RUNTIME_FORMATS_JSON_H

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace qopt {

using Json = nlohmann::json;

/// What a parse refuses to go beyond, so that a hostile file costs neither memory nor stack.
struct JsonLimits {
  size_t maxBytes = size_t(256) << 20;
  int maxDepth = 64;
};

/// Parses `text`, refusing duplicate keys. `file` is for messages only:
/// "<file>: line 3, column 9: ...". Throws Error.
Json parseJson(std::string_view text, std::string_view file, const JsonLimits &limits = {});

/// Reads and parses a file. Throws Error.
Json readJsonFile(const std::string &path, const JsonLimits &limits = {});

/// A JSON object of a config-like file, read by key. Every getter throws an Error that names the
/// file, the key with its path ("rope_scaling.factor"), the value and what was expected. A key
/// whose value is null counts as absent.
class JsonObject {
public:
  /// `object` must outlive this view. Throws Error if it is no object.
  JsonObject(const Json &object, std::string file, std::string keyPath = "");

  bool has(std::string_view key) const { return find(key) != nullptr; }

  int64_t integer(std::string_view key, int64_t min, int64_t max) const;
  std::optional<int64_t> optionalInteger(std::string_view key, int64_t min, int64_t max) const;

  /// Finite; integers are accepted.
  double number(std::string_view key, double min, double max) const;
  std::optional<double> optionalNumber(std::string_view key, double min, double max) const;

  bool boolean(std::string_view key) const;
  std::optional<bool> optionalBoolean(std::string_view key) const;

  std::string string(std::string_view key) const;
  std::optional<std::string> optionalString(std::string_view key) const;

  JsonObject object(std::string_view key) const;
  std::optional<JsonObject> optionalObject(std::string_view key) const;

  /// Integers, all in range; a single integer counts as a list of one; empty if absent.
  std::vector<int64_t> integerList(std::string_view key, int64_t min, int64_t max) const;
  std::vector<std::string> stringList(std::string_view key) const;

  /// Throws "<file>: '<key path>' <problem>".
  [[noreturn]] void failAt(std::string_view key, std::string_view problem) const;

  const std::string &file() const { return fileName; }
  const Json &json() const { return *value; }

private:
  const Json *find(std::string_view key) const;
  const Json &require(std::string_view key) const;
  [[noreturn]] void failExpected(std::string_view key, const Json &actual,
                                 std::string_view expected) const;
  std::string pathOf(std::string_view key) const;

  const Json *value;
  std::string fileName;
  std::string keyPath;
};

} // namespace qopt

#endif // QOPT_RUNTIME_FORMATS_JSON_H
