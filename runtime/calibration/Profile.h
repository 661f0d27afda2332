//===- Profile.h - a calibration profile, read ------------------*- C++ -*-===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QOPT_RUNTIME_CALIBRATION_PROFILE_H
#define QOPT_RUNTIME_CALIBRATION_PROFILE_H

#include "runtime/calibration/CacheSensitivity.h"
#include "runtime/formats/SafetensorsFile.h"
#include <optional>

namespace qopt {

/// The version of the profile's layout that this reads, and no other.
constexpr int64_t profileVersion = 1;

/// What a profile was recorded from.
struct ProfileOrigin {
  std::string modelHash; ///< of the model that `--instrument` saw
  std::string text;      ///< the file, as the user gave it
  int64_t tokens = 0;    ///< that went through the model
  int64_t ctx = 0;       ///< tokens of a window, each from an empty context
  std::string recorder;  ///< "qrun 0.1.0"
};

/// What a profile holds of the rows that some linears read: [count, channels].
struct ProfiledInput {
  std::vector<std::string> weights; ///< checkpoint names of those linears' weights
  int64_t channels = 0;
  int64_t count = 0;                   ///< rows seen
  int64_t sampleRows = 0;              ///< rows kept
  double histogramRange = 0;           ///< magnitudes in [0, this), in bins of equal width
  std::vector<float> min, max, absmax; ///< of each channel
  std::vector<int64_t> histogram;      ///< of magnitudes (MagnitudeHistogram)

  /// Of all channels.
  float tensorAbsmax() const;
};

/// A profile: a safetensors file that qrun calibrate writes. For each input, under the name of its
/// first weight W, `W.input.absmax`, `.min` and `.max` (f32 [channels]), `.histogram` (i64 [2048])
/// and `.rows` (f32 [sample, channels]); in its metadata `format`, `version`, `model_hash`, `text`,
/// `tokens`, `ctx`, `recorder`, and `inputs`, a JSON list with the scalars of each; with
/// --kv-sensitivity also `kv_sensitivity`, the JSON of CacheSensitivities.
class Profile {
public:
  /// Throws an Error if the file is no profile, broken, or of another version.
  explicit Profile(std::string path);

  const ProfileOrigin &origin() const { return profileOrigin; }
  const std::vector<ProfiledInput> &inputs() const { return profiledInputs; }

  /// Empty unless they were measured.
  const CacheSensitivities &cacheSensitivities() const { return sensitivities; }

  /// The input of the linear with this weight; null if it was not observed.
  const ProfiledInput *find(std::string_view weight) const;

  /// The rows that were kept, one after the other; read from the file at every call.
  std::vector<float> sample(const ProfiledInput &input) const;

  const std::string &path() const { return file.path(); }

  /// The names of an input's tensors in the file.
  static std::string tensorName(const ProfiledInput &input, std::string_view part);

private:
  void readOrigin();
  void readInputs();
  std::vector<float> readVector(const ProfiledInput &input, std::string_view part) const;
  const TensorInfo &tensor(const ProfiledInput &input, std::string_view part, DType dtype,
                           std::span<const int64_t> shape) const;
  const std::string &metadata(const std::string &key) const;

  SafetensorsFile file;
  ProfileOrigin profileOrigin;
  std::vector<ProfiledInput> profiledInputs;
  CacheSensitivities sensitivities;
  std::map<std::string, size_t, std::less<>> inputByWeight;
};

} // namespace qopt

#endif // QOPT_RUNTIME_CALIBRATION_PROFILE_H
