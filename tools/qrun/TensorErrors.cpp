//===- TensorErrors.cpp - what quantization cost each tensor --------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/qrun/TensorErrors.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

using namespace qopt;

std::vector<TensorError> qopt::readTensorErrors(const Artifact &artifact) {
  const std::string path = artifact.filePath("quantization.json");
  if (!std::filesystem::exists(path))
    return {};
  const Json report = readJsonFile(path);
  const JsonObject object(report, path);
  if (!report.contains("tensors") || !report["tensors"].is_array())
    object.failAt("tensors", "must be a list of objects");
  constexpr double most = std::numeric_limits<double>::max();
  std::vector<TensorError> errors;
  for (const Json &entry : report["tensors"]) {
    const JsonObject tensor(entry, path, "tensors");
    if (!tensor.has("left_alone"))
      errors.push_back({tensor.string("tensor"), tensor.number("mean_error", 0, most),
                        tensor.number("mean_difference", 0, most),
                        tensor.number("max_error", 0, most),
                        tensor.number("relative_max_error", 0, most),
                        tensor.optionalNumber("product_error", 0, most)});
  }
  return errors;
}

Json qopt::toJson(const TensorError &error) {
  Json json = {{"tensor", error.tensor},
               {"mean_error", error.meanError},
               {"mean_difference", error.meanDifference},
               {"max_error", error.maxError},
               {"relative_max_error", error.relativeMaxError}};
  if (error.product)
    json["product_error"] = *error.product;
  return json;
}

namespace {

/// "model.layers.3.mlp.up_proj.weight" is mlp.up_proj of layer 3.
struct TensorPlace {
  std::string kind;
  size_t layer;
};

} // namespace

static std::optional<TensorPlace> placeOf(const std::string &tensor) {
  for (size_t begin = 0; begin < tensor.size();) {
    const size_t end = std::min(tensor.find('.', begin), tensor.size());
    const std::string part = tensor.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part.size() > 4 ||
        !std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; }))
      continue;
    std::string kind = tensor.substr(std::min(begin, tensor.size()));
    if (kind.ends_with(".weight"))
      kind.resize(kind.size() - std::string_view(".weight").size());
    return TensorPlace{std::move(kind), size_t(std::stoul(part))};
  }
  return std::nullopt;
}

HeatMap qopt::heatMapOf(const std::string &title, std::span<const TensorError> errors,
                        bool ofProducts) {
  HeatMap map{title, "layer", {}, {}, {}, 0, 0};
  size_t layers = 0;
  for (const TensorError &error : errors)
    if (const std::optional<TensorPlace> place = placeOf(error.tensor)) {
      layers = std::max(layers, place->layer + 1);
      if (std::ranges::find(map.rows, place->kind) == map.rows.end())
        map.rows.push_back(place->kind);
    }
  for (size_t layer = 0; layer < layers; ++layer)
    map.columns.push_back(std::to_string(layer));
  map.values.assign(map.rows.size() * layers, std::nan(""));
  for (const TensorError &error : errors) {
    const std::optional<TensorPlace> place = placeOf(error.tensor);
    const double value = ofProducts ? error.product.value_or(0) : error.meanError;
    if (!place || value == 0)
      continue;
    const auto row = std::ranges::find(map.rows, place->kind) - map.rows.begin();
    map.values[size_t(row) * layers + place->layer] = value;
    map.low = map.low == 0 ? value : std::min(map.low, value);
    map.high = std::max(map.high, value);
  }
  return map;
}
