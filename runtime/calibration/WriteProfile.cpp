//===- WriteProfile.cpp - a calibration profile, written ------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/WriteProfile.h"

#include "runtime/formats/Json.h"
#include "runtime/formats/SafetensorsWriter.h"
#include <algorithm>
#include <cmath>

using namespace qopt;

static Json describe(const NamedStatistics &input) {
  return {{"weights", input.weights},
          {"channels", input.statistics.channels()},
          {"count", input.statistics.count()},
          {"sample_rows", input.statistics.sampleCount()},
          {"histogram_range", input.statistics.histogram().range()}};
}

static std::vector<float> absmaxOf(const InputStatistics &statistics) {
  std::vector<float> absmax;
  for (size_t i = 0; i < statistics.min().size(); ++i)
    absmax.push_back(std::max(std::fabs(statistics.min()[i]), std::fabs(statistics.max()[i])));
  return absmax;
}

void qopt::writeProfile(const std::string &path, const ProfileOrigin &origin,
                        std::span<const NamedStatistics> inputs,
                        const CacheSensitivities &sensitivities) {
  std::vector<TensorSpec> specs;
  Json list = Json::array();
  for (const NamedStatistics &input : inputs) {
    const int64_t channels = input.statistics.channels();
    ProfiledInput named;
    named.weights = input.weights;
    for (const char *part : {"absmax", "min", "max"})
      specs.push_back({Profile::tensorName(named, part), DType::F32, {channels}});
    specs.push_back({Profile::tensorName(named, "histogram"),
                     DType::I64,
                     {int64_t(MagnitudeHistogram::kBins)}});
    specs.push_back({Profile::tensorName(named, "rows"),
                     DType::F32,
                     {input.statistics.sampleCount(), channels}});
    list.push_back(describe(input));
  }
  std::map<std::string, std::string> metadata = {{"format", "qopt-profile"},
                                                 {"version", std::to_string(profileVersion)},
                                                 {"model_hash", origin.modelHash},
                                                 {"text", origin.text},
                                                 {"tokens", std::to_string(origin.tokens)},
                                                 {"ctx", std::to_string(origin.ctx)},
                                                 {"recorder", origin.recorder},
                                                 {"inputs", list.dump()}};
  if (!sensitivities.empty())
    metadata.emplace("kv_sensitivity", sensitivities.toJson().dump());
  SafetensorsWriter file(path, std::move(specs), metadata);
  size_t index = 0;
  for (const NamedStatistics &input : inputs) {
    const InputStatistics &statistics = input.statistics;
    const std::vector<float> absmax = absmaxOf(statistics);
    file.write(index++, 0, std::as_bytes(std::span(absmax)));
    file.write(index++, 0, std::as_bytes(statistics.min()));
    file.write(index++, 0, std::as_bytes(statistics.max()));
    file.write(index++, 0, std::as_bytes(statistics.histogram().counts()));
    file.write(index++, 0, std::as_bytes(statistics.sample()));
  }
  file.commit();
}
