//===- PlanJson.h - the JSON of plan.json -----------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_LOWERING_ARTIFACT_PLANJSON_H
#define QOPT_LOWERING_ARTIFACT_PLANJSON_H

#include <nlohmann/json.hpp>
#include <string>

namespace qopt {

/// Keys in the order in which they were added, as docs/architecture.md shows them.
using OrderedJson = nlohmann::ordered_json;

/// Text to be read by people as well: what fits a line of some length is on one, such as a launch.
std::string formatJson(const OrderedJson &value);

} // namespace qopt

#endif // QOPT_LOWERING_ARTIFACT_PLANJSON_H
