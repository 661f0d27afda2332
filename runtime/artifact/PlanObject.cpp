//===- PlanObject.cpp - a JSON object that knows where it is --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanObject.h"

#include <fmt/format.h>

using namespace qopt;

std::string PlanObject::pathOf(std::string_view key) const {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

std::optional<PlanObject> PlanObject::optionalMember(std::string_view key) const {
  auto entry = json().find(key);
  if (entry == json().end() || entry->is_null())
    return std::nullopt;
  return PlanObject(*entry, file(), pathOf(key));
}

PlanObject PlanObject::member(std::string_view key) const {
  if (std::optional<PlanObject> found = optionalMember(key))
    return *found;
  failAt(key, "is missing");
}

const Json::array_t &PlanObject::list(std::string_view key) const {
  auto entry = json().find(key);
  if (entry == json().end())
    failAt(key, "is missing");
  if (!entry->is_array())
    failAt(key, "is no list");
  return entry->get_ref<const Json::array_t &>();
}

PlanObject PlanObject::element(std::string_view key, size_t index) const {
  return PlanObject(list(key)[index], file(), fmt::format("{}[{}]", pathOf(key), index));
}

std::vector<PlanObject> PlanObject::members(std::string_view key) const {
  std::vector<PlanObject> result;
  size_t count = list(key).size();
  result.reserve(count);
  for (size_t i = 0; i < count; ++i)
    result.push_back(element(key, i));
  return result;
}

std::vector<std::pair<std::string, PlanObject>> PlanObject::entries() const {
  std::vector<std::pair<std::string, PlanObject>> result;
  for (const auto &[name, value] : json().items())
    result.emplace_back(name, PlanObject(value, file(), pathOf(name)));
  return result;
}
