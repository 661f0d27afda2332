//===- Profile.cpp - a calibration profile, read --------------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/Profile.h"

#include "runtime/calibration/MagnitudeHistogram.h"
#include "runtime/formats/Error.h"
#include "runtime/formats/Json.h"
#include "runtime/formats/Quote.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace qopt;

static constexpr int64_t most = int64_t(1) << 40;

float ProfiledInput::tensorAbsmax() const { return *std::ranges::max_element(absmax); }

std::string Profile::tensorName(const ProfiledInput &input, std::string_view part) {
  return fmt::format("{}.input.{}", input.weights.front(), part);
}

Profile::Profile(std::string path) : file(std::move(path)) {
  readOrigin();
  readInputs();
  if (auto found = file.metadata().find("kv_sensitivity"); found != file.metadata().end())
    sensitivities = CacheSensitivities::parse(parseJson(found->second, this->path()), this->path());
}

const std::string &Profile::metadata(const std::string &key) const {
  auto found = file.metadata().find(key);
  if (found == file.metadata().end())
    fail("{}: no profile of qrun calibrate: its metadata has no '{}'", path(), key);
  return found->second;
}

static int64_t parseCount(const std::string &text, const std::string &key,
                          const std::string &path) {
  const Json json = parseJson(text, path);
  if (!json.is_number_integer() || json < 1 || json > most)
    fail("{}: '{}' is {}; expected a positive integer", path, key, quote(text));
  return json.get<int64_t>();
}

void Profile::readOrigin() {
  if (metadata("format") != "qopt-profile")
    fail("{}: no profile of qrun calibrate: its format is {}", path(), quote(metadata("format")));
  const int64_t version = parseCount(metadata("version"), "version", path());
  if (version != profileVersion)
    fail("{}: a profile of version {}; this program reads version {}: calibrate again", path(),
         version, profileVersion);
  profileOrigin = {metadata("model_hash"), metadata("text"),
                   parseCount(metadata("tokens"), "tokens", path()),
                   parseCount(metadata("ctx"), "ctx", path()), metadata("recorder")};
}

void Profile::readInputs() {
  const Json list = parseJson(metadata("inputs"), path());
  if (!list.is_array())
    fail("{}: 'inputs' is no list", path());
  for (size_t i = 0; i < list.size(); ++i) {
    const JsonObject object(list[i], path(), fmt::format("inputs[{}]", i));
    ProfiledInput input;
    input.weights = object.stringList("weights");
    if (input.weights.empty())
      object.failAt("weights", "is empty");
    input.channels = object.integer("channels", 1, most);
    input.count = object.integer("count", 1, most);
    input.sampleRows = object.integer("sample_rows", 0, input.count);
    input.histogramRange = object.number("histogram_range", 0x1p-200, 0x1p200);
    input.min = readVector(input, "min");
    input.max = readVector(input, "max");
    input.absmax = readVector(input, "absmax");
    for (size_t channel = 0; channel < input.absmax.size(); ++channel)
      if (input.absmax[channel] !=
          std::max(std::fabs(input.min[channel]), std::fabs(input.max[channel])))
        fail("{}: channel {} of {} has the absolute maximum {}, but a range of {} to {}", path(),
             channel, quote(tensorName(input, "absmax")), input.absmax[channel], input.min[channel],
             input.max[channel]);

    const int64_t bins[] = {int64_t(MagnitudeHistogram::kBins)};
    input.histogram.resize(MagnitudeHistogram::kBins);
    std::memcpy(input.histogram.data(),
                file.data(tensor(input, "histogram", DType::I64, bins)).data(),
                input.histogram.size() * sizeof(int64_t));
    if (std::ranges::any_of(input.histogram, [](int64_t n) { return n < 0 || n > most; }))
      fail("{}: {} has counts out of range", path(), quote(tensorName(input, "histogram")));
    const int64_t sampleShape[] = {input.sampleRows, input.channels};
    tensor(input, "rows", DType::F32, sampleShape);

    for (const std::string &weight : input.weights)
      if (!inputByWeight.emplace(weight, profiledInputs.size()).second)
        object.failAt("weights", fmt::format("has {}, as another input does", quote(weight)));
    profiledInputs.push_back(std::move(input));
  }
}

/// Checks that the file holds a tensor of an input as it must be.
const TensorInfo &Profile::tensor(const ProfiledInput &input, std::string_view part, DType dtype,
                                  std::span<const int64_t> shape) const {
  const TensorInfo &info = file.get(tensorName(input, part));
  if (info.dtype != dtype || !std::ranges::equal(info.shape, shape))
    fail("{}: {} is {} {}; expected {} {}", path(), quote(info.name), safetensorsName(info.dtype),
         formatShape(info.shape), safetensorsName(dtype), formatShape(shape));
  return info;
}

static std::vector<float> readFloats(const SafetensorsFile &file, const TensorInfo &info) {
  const std::span<const std::byte> bytes = file.data(info);
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      fail("{}: {} [{}] is {}", file.path(), quote(info.name), i, values[i]);
  return values;
}

std::vector<float> Profile::readVector(const ProfiledInput &input, std::string_view part) const {
  const int64_t shape[] = {input.channels};
  return readFloats(file, tensor(input, part, DType::F32, shape));
}

const ProfiledInput *Profile::find(std::string_view weight) const {
  auto found = inputByWeight.find(weight);
  return found == inputByWeight.end() ? nullptr : &profiledInputs[found->second];
}

std::vector<float> Profile::sample(const ProfiledInput &input) const {
  return readFloats(file, file.get(tensorName(input, "rows")));
}
