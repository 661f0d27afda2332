//===- JsonObject.cpp - typed access to a JSON object ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <cmath>

using namespace qopt;

/// A value for a message: containers by kind only.
static std::string describe(const Json &value) {
  if (value.is_object())
    return "an object";
  if (value.is_array())
    return "a list";
  if (value.is_string())
    return quote(value.get_ref<const std::string &>());
  return value.dump();
}

JsonObject::JsonObject(const Json &object, std::string file, std::string keyPath)
    : value(&object), fileName(std::move(file)), keyPath(std::move(keyPath)) {
  if (object.is_object())
    return;
  if (this->keyPath.empty())
    fail("{}: expected a JSON object, found {}", fileName, describe(object));
  fail("{}: {} is {}; expected an object", fileName, quote(this->keyPath), describe(object));
}

const Json *JsonObject::find(std::string_view key) const {
  auto entry = value->find(key);
  return entry == value->end() || entry->is_null() ? nullptr : &*entry;
}

const Json &JsonObject::require(std::string_view key) const {
  if (const Json *found = find(key))
    return *found;
  failAt(key, "is missing");
}

std::string JsonObject::pathOf(std::string_view key) const {
  return keyPath.empty() ? std::string(key) : fmt::format("{}.{}", keyPath, key);
}

void JsonObject::failAt(std::string_view key, std::string_view problem) const {
  fail("{}: {} {}", fileName, quote(pathOf(key)), problem);
}

void JsonObject::failExpected(std::string_view key, const Json &actual,
                              std::string_view expected) const {
  failAt(key, fmt::format("is {}; expected {}", describe(actual), expected));
}

/// The value if it is an integer from min to max.
static std::optional<int64_t> integerInRange(const Json &value, int64_t min, int64_t max) {
  if (!value.is_number_integer())
    return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > uint64_t(std::numeric_limits<int64_t>::max()))
    return std::nullopt;
  int64_t integer = value.get<int64_t>();
  return integer < min || integer > max ? std::nullopt : std::optional(integer);
}

std::optional<int64_t> JsonObject::optionalInteger(std::string_view key, int64_t min,
                                                   int64_t max) const {
  const Json *found = find(key);
  if (!found)
    return std::nullopt;
  std::optional<int64_t> integer = integerInRange(*found, min, max);
  if (!integer)
    failExpected(key, *found, fmt::format("an integer from {} to {}", min, max));
  return integer;
}

int64_t JsonObject::integer(std::string_view key, int64_t min, int64_t max) const {
  require(key);
  return *optionalInteger(key, min, max);
}

std::optional<double> JsonObject::optionalNumber(std::string_view key, double min,
                                                 double max) const {
  const Json *found = find(key);
  if (!found)
    return std::nullopt;
  if (found->is_number())
    if (double number = found->get<double>(); number >= min && number <= max)
      return number;
  failExpected(key, *found, fmt::format("a number from {} to {}", min, max));
}

double JsonObject::number(std::string_view key, double min, double max) const {
  require(key);
  return *optionalNumber(key, min, max);
}

std::optional<bool> JsonObject::optionalBoolean(std::string_view key) const {
  const Json *found = find(key);
  if (!found)
    return std::nullopt;
  if (!found->is_boolean())
    failExpected(key, *found, "true or false");
  return found->get<bool>();
}

bool JsonObject::boolean(std::string_view key) const {
  require(key);
  return *optionalBoolean(key);
}

std::optional<std::string> JsonObject::optionalString(std::string_view key) const {
  const Json *found = find(key);
  if (!found)
    return std::nullopt;
  if (!found->is_string())
    failExpected(key, *found, "a string");
  return found->get<std::string>();
}

std::string JsonObject::string(std::string_view key) const {
  require(key);
  return *optionalString(key);
}

std::optional<JsonObject> JsonObject::optionalObject(std::string_view key) const {
  const Json *found = find(key);
  if (!found)
    return std::nullopt;
  return JsonObject(*found, fileName, pathOf(key));
}

JsonObject JsonObject::object(std::string_view key) const {
  return JsonObject(require(key), fileName, pathOf(key));
}

std::vector<int64_t> JsonObject::integerList(std::string_view key, int64_t min, int64_t max) const {
  std::vector<int64_t> result;
  const Json *found = find(key);
  if (!found)
    return result;
  auto append = [&](const Json &element) {
    std::optional<int64_t> integer = integerInRange(element, min, max);
    if (!integer)
      failExpected(key, element, fmt::format("integers from {} to {}", min, max));
    result.push_back(*integer);
  };
  if (!found->is_array())
    append(*found);
  else
    for (const Json &element : *found)
      append(element);
  return result;
}

std::vector<std::string> JsonObject::stringList(std::string_view key) const {
  std::vector<std::string> result;
  const Json *found = find(key);
  if (!found)
    return result;
  if (!found->is_array())
    failExpected(key, *found, "a list of strings");
  for (const Json &element : *found) {
    if (!element.is_string())
      failAt(key, fmt::format("contains {}; expected strings", describe(element)));
    result.push_back(element.get<std::string>());
  }
  return result;
}
