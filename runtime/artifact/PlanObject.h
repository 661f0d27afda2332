//===- PlanObject.h - a JSON object that knows where it is ------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_ARTIFACT_PLANOBJECT_H
#define QOPT_RUNTIME_ARTIFACT_PLANOBJECT_H

#include "runtime/formats/Json.h"
#include <vector>

namespace qopt {

/// An object of plan.json that keeps its key path, so that lists and dictionaries in it can be
/// walked with errors naming the element: "targets.cpu.caches[3].k.format".
class PlanObject : public JsonObject {
public:
  PlanObject(const Json &object, std::string file, std::string path)
      : JsonObject(object, file, path), path(std::move(path)) {}

  PlanObject member(std::string_view key) const;
  std::optional<PlanObject> optionalMember(std::string_view key) const;
  /// The elements of the list `key`, which must be there, all objects.
  std::vector<PlanObject> members(std::string_view key) const;
  /// The entries of this object by name, all objects.
  std::vector<std::pair<std::string, PlanObject>> entries() const;
  /// The list `key`, which must be there.
  const Json::array_t &list(std::string_view key) const;
  /// The element `index` of the list `key`, an object.
  PlanObject element(std::string_view key, size_t index) const;

private:
  std::string pathOf(std::string_view key) const;

  std::string path;
};

} // namespace qopt

#endif // QOPT_RUNTIME_ARTIFACT_PLANOBJECT_H
