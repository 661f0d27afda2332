//===- HfRope.cpp - rotary positions in config.json -----------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/HfRope.h"

#include "runtime/formats/Error.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <array>

using namespace qopt;

static constexpr double maxFactor = ModelLimits::ropeFactor;
static constexpr double minFactor = 1 / maxFactor;

/// So that no scaling is half understood, such as different ones for different layers.
static void refuseUnknownKeys(const JsonObject &rope) {
  constexpr std::array<std::string_view, 8> known = {"rope_type",
                                                     "type",
                                                     "rope_theta",
                                                     "factor",
                                                     "low_freq_factor",
                                                     "high_freq_factor",
                                                     "original_max_position_embeddings",
                                                     "partial_rotary_factor"};
  for (const auto &[key, value] : rope.json().items())
    if (!value.is_null() && std::find(known.begin(), known.end(), key) == known.end())
      rope.failAt(key, "is not supported");
}

static RopeScaling readScaling(const JsonObject &rope) {
  std::string_view key = rope.has("rope_type") ? "rope_type" : "type";
  std::string type =
      rope.has("factor") ? rope.string(key) : rope.optionalString(key).value_or("default");
  if (type != "default" && type != "linear" && type != "llama3")
    rope.failAt(key, fmt::format("is {}; supported are default, linear and llama3", quote(type)));
  refuseUnknownKeys(rope);
  if (type == "default")
    return {};
  double factor = rope.number("factor", minFactor, maxFactor);
  if (type == "linear")
    return LinearRopeScaling{factor};
  return Llama3RopeScaling{
      factor, rope.number("low_freq_factor", minFactor, maxFactor),
      rope.number("high_freq_factor", minFactor, maxFactor),
      rope.integer("original_max_position_embeddings", 1, ModelLimits::maxPosition)};
}

static std::optional<double> readTheta(const JsonObject &object) {
  return object.optionalNumber("rope_theta", 1, ModelLimits::ropeTheta);
}

static void refusePartialRotation(const JsonObject &object) {
  if (object.optionalNumber("partial_rotary_factor", 0, 1).value_or(1) != 1)
    object.failAt("partial_rotary_factor",
                  "is not 1; rotating a part of each head is not supported");
}

void qopt::readHfRope(const JsonObject &object, ModelConfig &config) {
  std::optional<double> theta = readTheta(object);
  std::optional<RopeScaling> scaling;
  refusePartialRotation(object);
  for (std::string_view key : {"rope_scaling", "rope_parameters"}) {
    std::optional<JsonObject> rope = object.optionalObject(key);
    if (!rope)
      continue;
    RopeScaling found = readScaling(*rope);
    if (scaling.value_or(found) != found)
      object.failAt(key, "contradicts 'rope_scaling'");
    scaling = found;
    refusePartialRotation(*rope);
    std::optional<double> foundTheta = readTheta(*rope);
    if (foundTheta && theta.value_or(*foundTheta) != *foundTheta)
      rope->failAt("rope_theta", fmt::format("is {}, but elsewhere {}", *foundTheta, *theta));
    if (foundTheta)
      theta = foundTheta;
  }
  config.positionKind = PositionKind::Rope;
  config.ropeTheta = theta.value_or(10000);
  config.ropeScaling = scaling.value_or(RopeScaling());
}
