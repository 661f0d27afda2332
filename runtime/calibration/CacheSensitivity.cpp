//===- CacheSensitivity.cpp - what compressed caches cost -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/CacheSensitivity.h"

#include "runtime/formats/Error.h"
#include "runtime/quantization/CacheFormat.h"

using namespace qopt;

Json CacheSensitivities::toJson() const {
  Json json = {{"parts", Json::array()}, {"uniform", Json::array()}};
  for (const CacheSensitivity &part : parts)
    json["parts"].push_back({{"cache", part.cache},
                             {"part", part.isKey ? "k" : "v"},
                             {"mode", part.mode},
                             {"format", part.format},
                             {"kl", part.kl}});
  for (const UniformSensitivity &one : uniform)
    json["uniform"].push_back({{"mode", one.mode}, {"kl", one.kl}});
  return json;
}

/// The entries of a list, each with the mode and divergence that all have.
template <typename Read>
static void forEachEntry(const Json &json, const char *key, const std::string &file, Read read) {
  if (!json.is_object() || !json.contains(key) || !json[key].is_array())
    fail("{}: 'kv_sensitivity' has no list '{}'", file, key);
  for (size_t i = 0; i < json[key].size(); ++i) {
    const JsonObject entry(json[key][i], file, fmt::format("kv_sensitivity.{}[{}]", key, i));
    // Rounding may leave a divergence a little below zero.
    read(entry, entry.string("mode"), std::max(0.0, entry.number("kl", -1e-3, 1e6)));
  }
}

CacheSensitivities CacheSensitivities::parse(const Json &json, const std::string &file) {
  CacheSensitivities result;
  forEachEntry(json, "parts", file, [&](const JsonObject &entry, std::string mode, double kl) {
    std::string format = entry.string("format");
    parseCacheFormat(format);
    const std::string part = entry.string("part");
    if (part != "k" && part != "v")
      entry.failAt("part", "is neither k nor v");
    result.parts.push_back(
        {entry.string("cache"), part == "k", std::move(mode), std::move(format), kl});
  });
  forEachEntry(json, "uniform", file, [&](const JsonObject &, std::string mode, double kl) {
    result.uniform.push_back({std::move(mode), kl});
  });
  return result;
}
