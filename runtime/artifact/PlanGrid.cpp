//===- PlanGrid.cpp - numbers that follow the step ------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/PlanGrid.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"

using namespace qopt;

static constexpr int64_t maxGridConstant = (int64_t(1) << 31) - 1;

static std::optional<GridFactor::Symbol> parseSymbol(const Json &value) {
  const auto *name = value.get_ptr<const std::string *>();
  if (name && *name == "T")
    return GridFactor::Symbol::Rows;
  if (name && *name == "B")
    return GridFactor::Symbol::Sequences;
  return std::nullopt;
}

static bool isBetween(const Json &value, int64_t min, int64_t max) {
  return value.is_number_integer() && value >= min && value <= max;
}

/// An integer, "T", "B" or {"ceildiv": ["T" | "B", integer]}.
static std::optional<GridFactor> parseFactor(const Json &value) {
  if (isBetween(value, 1, maxGridConstant))
    return GridFactor{GridFactor::Symbol::None, value.get<int64_t>()};
  if (std::optional<GridFactor::Symbol> symbol = parseSymbol(value))
    return GridFactor{*symbol, 1};
  if (!value.is_object() || value.size() != 1 || !value.contains("ceildiv"))
    return std::nullopt;
  const Json &operands = value["ceildiv"];
  if (!operands.is_array() || operands.size() != 2 || !isBetween(operands[1], 1, maxGridConstant))
    return std::nullopt;
  std::optional<GridFactor::Symbol> symbol = parseSymbol(operands[0]);
  if (!symbol)
    return std::nullopt;
  return GridFactor{*symbol, operands[1].get<int64_t>()};
}

std::vector<GridFactor> qopt::readGrid(const PlanObject &launch) {
  const Json::array_t &list = launch.list("grid");
  if (list.empty() || list.size() > 3)
    launch.failAt("grid", fmt::format("has {} factors; expected one to three", list.size()));
  std::vector<GridFactor> grid;
  int64_t most = 1; // Work items of the largest step must not overflow.
  for (const Json &value : list) {
    std::optional<GridFactor> factor = parseFactor(value);
    if (!factor)
      launch.failAt("grid", fmt::format("has the factor {}; expected an integer from 1 to {}, "
                                        "\"T\", \"B\" or {{\"ceildiv\": [\"T\", 64]}}",
                                        quote(value.dump()), maxGridConstant));
    grid.push_back(*factor);
    if (__builtin_mul_overflow(most, factor->evaluate({maxStepRows, maxStepRows}), &most))
      launch.failAt("grid", "is too large");
  }
  return grid;
}

std::vector<GridFactor> qopt::readSizes(const PlanObject &map) {
  std::vector<GridFactor> sizes;
  for (const Json &value : map.list("sizes")) {
    std::optional<GridFactor> factor = parseFactor(value);
    if (!factor)
      map.failAt("sizes", fmt::format("has {}; expected an integer from 1 to {} or \"T\"",
                                      quote(value.dump()), maxGridConstant));
    sizes.push_back(*factor);
  }
  return sizes;
}
