//===- CpuDeviceTest.cpp - kernels, features, threads ---------------------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/device/cpu/CpuDevice.h"

#include "ToyArtifact.h"
#include "runtime/device/cpu/CpuFeatures.h"
#include "runtime/device/cpu/CpuTopology.h"

using namespace qopt;
using namespace qopt::test;

static std::string openError(const ToyArtifact &toy, const CpuDeviceOptions &options = {1, ""}) {
  toy.write();
  return errorOf([&] {
    Artifact artifact = Artifact::open(toy.path(), 1);
    openCpuDevice(artifact, options);
  });
}

TEST(CpuDevice, SaysWhatItIs) {
  ToyArtifact toy;
  Artifact artifact = Artifact::open(toy.path(), 1);
  EXPECT_EQ(openCpuDevice(artifact, {2, ""})->describe(), "CPU, toy kernels, 2 threads");
  EXPECT_EQ(openCpuDevice(artifact, {1, "toy"})->describe(), "CPU, toy kernels, 1 thread");
}

TEST(CpuDevice, MissingFeaturesAreNamed) {
  ToyArtifact toy;
  Json &module = toy.plan["targets"]["cpu"]["modules"][0];
  module["requires"] = {"warp_drive"};
  expectContains(openError(toy), {toy.path(), "'toy' needs 'warp_drive'"});
  // The next module that the machine can run is taken.
  toy.plan["targets"]["cpu"]["modules"].push_back(
      {{"file", "kernels.toy.so"}, {"level", "plain"}, {"requires", Json::array()}});
  EXPECT_EQ(openError(toy), "");
  expectContains(openError(toy, {1, "toy"}), {"'toy'", "'warp_drive'", "'plain'"});
  EXPECT_EQ(cpuFeature("warp_drive"), FeatureState::Unknown);
}

TEST(CpuDevice, UnknownLevelsAreRefused) {
  expectContains(openError(ToyArtifact(), {1, "avx9"}), {"'avx9'", "kernels for 'toy'"});
}

TEST(CpuDevice, CpuKernelsAreNeeded) {
  ToyArtifact toy;
  toy.plan["targets"] = Json::object();
  expectContains(openError(toy), {toy.path(), "without CPU kernels"});
}

TEST(CpuDevice, MissingKernelsAreNamed) {
  ToyArtifact toy;
  toy.plan["targets"]["cpu"]["functions"]["decode"]["launches"][0]["kernel"] = "toy_dance";
  expectContains(openError(toy), {"kernels.toy.so", "'toy_dance'"});
}

TEST(CpuDevice, BrokenModulesAreRefused) {
  ToyArtifact toy;
  std::string path = toy.file("kernels.toy.so"), whole = readAll(path);
  for (size_t size : {size_t(0), size_t(20), size_t(64), whole.size() / 2, whole.size() - 1}) {
    std::filesystem::resize_file(path, size);
    expectContains(openError(toy), {"kernels.toy.so", "truncated"});
    std::ofstream(path, std::ios::binary) << whole;
  }
  std::ofstream(path, std::ios::binary) << std::string(1000, 'x');
  expectContains(openError(toy), {"kernels.toy.so", "ELF"});
  std::filesystem::remove(path);
  expectContains(openError(toy), {"kernels.toy.so", "No such file"});
}

TEST(CpuTopology, CoresAreAtMostCpus) {
  EXPECT_GE(availableCores(), 1u);
  EXPECT_LE(availableCores(), availableCpus());
}
