//===- ArtifactTest.cpp - opening artifacts, good and bad -----------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"

#include "ToyArtifact.h"
#include "runtime/formats/FloatConvert.h"
#include <cstring>

using namespace qopt;
using namespace qopt::test;

static std::string openError(const std::string &path) {
  return errorOf([&] { Artifact::open(path, 1); });
}

TEST(Artifact, OpensPlanAndWeights) {
  ToyArtifact toy;
  toy.writeWeight("toy.weight", 42);
  Artifact artifact = Artifact::open(toy.path() + "/", 1);
  EXPECT_EQ(artifact.directory(), toy.path());
  EXPECT_EQ(artifact.plan().config.vocabSize, 1024);
  EXPECT_EQ(artifact.plan().generation.eosTokenIds, std::vector<int64_t>{2});
  ASSERT_EQ(artifact.plan().weights.size(), 1u);
  const WeightView &weight = artifact.weight(0);
  EXPECT_EQ(weight.dtype, DType::F32);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(weight.bytes.data()) % 64, 0u);
  float value;
  std::memcpy(&value, weight.bytes.data(), sizeof(value));
  EXPECT_EQ(value, 42);
  EXPECT_EQ(artifact.weightBytes(), 4u);
  EXPECT_EQ(artifact.generationSeconds(), 0);
}

TEST(Artifact, OtherThingsAreRefused) {
  TempDir empty;
  expectContains(openError(empty.path()), {empty.path(), "plan.json"});
  expectContains(openError(empty.path("nothing")), {"nothing", "plan.json"});
  expectContains(openError(empty.write("file", "x")), {"file", "directory"});
}

TEST(Artifact, AnotherVersionSaysBothAndWhatToDo) {
  ToyArtifact toy;
  toy.plan["version"] = 7;
  toy.plan["compiler"] = "qopt 9.9";
  toy.write();
  expectContains(openError(toy.path()),
                 {"plan.json", "version 7", "version 1", "'qopt 9.9'", "compile"});
}

TEST(Artifact, TruncatedFilesAreRefused) {
  ToyArtifact toy;
  std::filesystem::resize_file(toy.file("plan.json"), 200);
  expectContains(openError(toy.path()), {"plan.json", "broken JSON"});
  toy.write();
  std::filesystem::resize_file(toy.file("weights.safetensors"), 60);
  expectContains(openError(toy.path()), {"weights.safetensors"});
  std::filesystem::remove(toy.file("weights.safetensors"));
  expectContains(openError(toy.path()), {"weights.safetensors", "No such file"});
}

TEST(Artifact, WeightsMustBeThere) {
  ToyArtifact toy;
  toy.writeWeight("another", 1);
  expectContains(openError(toy.path()), {"weights.safetensors", "'toy.weight'"});
}

TEST(Artifact, WeightsMustBeWhatThePlanSays) {
  ToyArtifact toy;
  toy.plan["weights"]["tensors"]["toy.weight"] = {{"dtype", "f32"}, {"shape", {1}}};
  toy.write();
  EXPECT_EQ(openError(toy.path()), "");
  toy.plan["weights"]["tensors"]["toy.weight"] = {{"dtype", "bf16"}, {"shape", {1, 2}}};
  toy.write();
  expectContains(openError(toy.path()),
                 {"weights.safetensors", "'toy.weight'", "f32 [1]", "bf16 [1, 2]"});
}

/// Two random tensors, one of them longer than what a thread fills at a time, and a splat.
static ToyArtifact randomArtifact() {
  ToyArtifact toy;
  toy.plan.erase("weights");
  toy.plan["random_weights"] = Json::parse(R"({"seed": 5, "tensors": {
    "toy.weight": {"dtype": "F32", "shape": [1], "deviation": 1.0},
    "long": {"dtype": "BF16", "shape": [1500, 1001], "deviation": 0.5},
    "splat": {"dtype": "F16", "shape": [7], "value": -1.5}}})");
  toy.write();
  return toy;
}

TEST(Artifact, RandomWeightsAreTheSameForAnyNumberOfThreads) {
  ToyArtifact toy = randomArtifact();
  Artifact one = Artifact::open(toy.path(), 1), three = Artifact::open(toy.path(), 3);
  ASSERT_EQ(one.plan().weights.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    std::span<const std::byte> a = one.weight(i).bytes, b = three.weight(i).bytes;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(a.data()) % 64, 0u);
    ASSERT_EQ(a.size(), b.size());
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.size()), 0);
  }
}

TEST(Artifact, RandomWeightsHaveTheirDeviation) {
  ToyArtifact toy = randomArtifact();
  Artifact artifact = Artifact::open(toy.path(), 2);
  for (size_t i = 0; i < artifact.plan().weights.size(); ++i) {
    const WeightView &weight = artifact.weight(i);
    std::vector<float> values(weight.bytes.size() / byteSize(weight.dtype));
    convertToF32(weight.dtype, weight.bytes, values);
    if (artifact.plan().weights[i].name == "splat") {
      EXPECT_EQ(values, std::vector<float>(7, -1.5f));
    } else if (artifact.plan().weights[i].name == "long") {
      double squares = 0;
      for (float value : values)
        squares += double(value) * value;
      EXPECT_NEAR(std::sqrt(squares / double(values.size())), 0.5, 0.002);
    }
  }
}

TEST(Artifact, InspectingGeneratesNothing) {
  ToyArtifact toy = randomArtifact();
  Artifact artifact = Artifact::inspect(toy.path());
  EXPECT_EQ(artifact.weightBytes(), 4u + 2 * 1500 * 1001 + 14);
  EXPECT_EQ(int(artifact.weight(0).bytes[0]), 0);
}
