//===- ProfileTest.cpp - profiles written, read and broken ----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/calibration/WriteProfile.h"
#include "runtime/formats/SafetensorsWriter.h"
#include "test/unit/formats/TestSupport.h"

using namespace qopt;
using namespace qopt::test;

namespace {

/// Two inputs; the second is read by two linears.
class ProfileTest : public testing::Test {
protected:
  ProfileTest() {
    InputStatistics first(2, 2, 2), second(1, 1, 0);
    const float rows[] = {1, -4, 3, 2};
    first.add(rows, 2, 2);
    const float row = -0.25f;
    second.add(&row, 1, 1);
    inputs.push_back({{"a.weight"}, first});
    inputs.push_back({{"q.weight", "k.weight"}, second});
  }

  std::string write(std::span<const NamedStatistics> written) {
    writeProfile(path, origin, written);
    return path;
  }
  /// The file with one part of its text replaced by another of the same length.
  std::string edited(const std::string &from, const std::string &to) {
    std::string bytes = readAll(write(inputs));
    bytes.replace(bytes.find(from), from.size(), to);
    return directory.write("edited.safetensors", bytes);
  }
  static std::string errorOfOpening(const std::string &file) {
    return errorOf([&] { Profile profile(file); });
  }

  TempDir directory;
  std::string path = directory.path("stats.safetensors");
  ProfileOrigin origin{"xxh3:0123456789abcdef", "text.txt", 1024, 512, "qrun test"};
  std::vector<NamedStatistics> inputs;
};

TEST_F(ProfileTest, RoundTrip) {
  Profile profile(write(inputs));
  EXPECT_EQ(profile.origin().modelHash, origin.modelHash);
  EXPECT_EQ(profile.origin().text, "text.txt");
  EXPECT_EQ(profile.origin().tokens, 1024);
  EXPECT_EQ(profile.origin().ctx, 512);
  ASSERT_EQ(profile.inputs().size(), 2u);
  const ProfiledInput *input = profile.find("a.weight");
  ASSERT_TRUE(input);
  EXPECT_EQ(input->count, 2);
  EXPECT_EQ(input->min, (std::vector<float>{1, -4}));
  EXPECT_EQ(input->max, (std::vector<float>{3, 2}));
  EXPECT_EQ(input->absmax, (std::vector<float>{3, 4}));
  EXPECT_EQ(input->tensorAbsmax(), 4);
  EXPECT_EQ(input->histogramRange, 8);
  EXPECT_EQ(input->histogram[1024], 1); // |-4| of 8 in 2048 bins
  EXPECT_EQ(profile.sample(*input), (std::vector<float>{1, -4, 3, 2}));
}

TEST_F(ProfileTest, LinearsOfOneInputShareIt) {
  Profile profile(write(inputs));
  EXPECT_EQ(profile.find("k.weight"), profile.find("q.weight"));
  EXPECT_EQ(profile.find("v.weight"), nullptr);
}

TEST_F(ProfileTest, AnotherSafetensorsFileIsNoProfile) {
  SafetensorsWriter file(path, {{"x", DType::F32, {1}}});
  const float value = 0;
  file.write(0, 0, std::as_bytes(std::span(&value, 1)));
  file.commit();
  EXPECT_EQ(errorOfOpening(path),
            path + ": no profile of qrun calibrate: its metadata has no 'format'");
}

TEST_F(ProfileTest, TruncatedFileIsRefused) {
  std::string bytes = readAll(write(inputs));
  std::string cut = directory.write("cut.safetensors", bytes.substr(0, bytes.size() - 4));
  EXPECT_NE(errorOfOpening(cut).find("truncated"), std::string::npos) << errorOfOpening(cut);
}

TEST_F(ProfileTest, AnotherVersionIsRefused) {
  EXPECT_EQ(errorOfOpening(edited("\"version\":\"1\"", "\"version\":\"2\"")),
            directory.path("edited.safetensors") +
                ": a profile of version 2; this program reads version 1: calibrate again");
}

TEST_F(ProfileTest, MissingTensorIsNamed) {
  std::string error = errorOfOpening(edited("a.weight.input.min", "a.weight.input.mix"));
  EXPECT_NE(error.find("a.weight.input.min"), std::string::npos) << error;
}

TEST_F(ProfileTest, WrongShapeIsNamed) {
  std::string error = errorOfOpening(edited("\\\"channels\\\":2", "\\\"channels\\\":3"));
  EXPECT_NE(error.find("'a.weight.input.min' is F32 [2]; expected F32 [3]"), std::string::npos)
      << error;
}

TEST_F(ProfileTest, ContradictingStatisticsAreRefused) {
  std::string bytes = readAll(write(inputs));
  // The absolute maxima come first; 3 becomes 5.
  const float absmax[] = {3, 4}, wrong[] = {5, 4};
  std::string from(reinterpret_cast<const char *>(absmax), sizeof(absmax));
  bytes.replace(bytes.find(from), from.size(), reinterpret_cast<const char *>(wrong),
                sizeof(wrong));
  std::string error = errorOfOpening(directory.write("wrong.safetensors", bytes));
  EXPECT_NE(error.find("channel 0 of 'a.weight.input.absmax' has the absolute maximum 5, but a "
                       "range of 1 to 3"),
            std::string::npos)
      << error;
}

TEST_F(ProfileTest, NothingIsLeftOfAWriteThatFails) {
  std::vector<NamedStatistics> twice = {inputs[0], inputs[0]};
  EXPECT_NE(errorOf([&] { write(twice); }), "");
  EXPECT_EQ(directory.size(), 0u);
}

} // namespace
