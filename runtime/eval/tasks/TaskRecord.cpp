//===- TaskRecord.cpp - what a task's file holds, record by record --------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/eval/tasks/TaskRecord.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <charconv>

using namespace qopt;

TaskRecord TaskRecord::with(const std::string &name, const Json &item, size_t number) const {
  TaskRecord result = *this;
  result.names.push_back({name, &item, number});
  return result;
}

const TaskRecord::Name *TaskRecord::find(std::string_view name) const {
  for (auto entry = names.rbegin(); entry != names.rend(); ++entry)
    if (entry->name == name)
      return &*entry;
  return nullptr;
}

/// A number as a path writes it, or as a name stands for it.
static std::optional<size_t> parseIndex(std::string_view key) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (error != std::errc() || end != key.data() + key.size())
    return std::nullopt;
  return index;
}

const Json &TaskRecord::step(const Json &value, std::string_view key, std::string_view path) const {
  if (value.is_object())
    if (auto found = value.find(key); found != value.end() && !found->is_null())
      return *found;
  if (value.is_array()) {
    std::optional<size_t> index = parseIndex(key);
    if (const Name *name = key.starts_with('#') ? find(key.substr(1)) : nullptr)
      index = name->number;
    if (index && *index < value.size())
      return value[*index];
  }
  fail("{}: has no {}", where, quote(path));
}

const Json &TaskRecord::at(std::string_view path) const {
  if (path.empty())
    return names.empty() ? *root : *names.back().item;
  const Json *value = root;
  std::string_view rest = path;
  bool isFirst = true;
  while (!rest.empty()) {
    const std::string_view key = rest.substr(0, rest.find('.'));
    rest.remove_prefix(std::min(rest.size(), key.size() + 1));
    const Name *name = isFirst ? find(key) : nullptr;
    // An item's own keys come before those of the record.
    if (isFirst && !name && !names.empty() && names.back().item->is_object() &&
        names.back().item->contains(key))
      value = names.back().item;
    value = name ? name->item : &step(*value, key, path);
    isFirst = false;
  }
  return *value;
}

const Json &TaskRecord::list(std::string_view path) const {
  const Json &value = at(path);
  if (!value.is_array())
    fail("{}: {} is {}, not a list", where, quote(path), value.type_name());
  return value;
}

std::string TaskRecord::text(std::string_view path) const {
  const Json &value = at(path);
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_primitive() && !value.is_null())
    return value.dump();
  if (value.is_array() && std::ranges::all_of(value, [](const Json &v) { return v.is_string(); }))
    return fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), ", "));
  fail("{}: {} is {}, not a text or a number", where, path.empty() ? "it" : quote(path),
       value.type_name());
}
