//===- AtomicDirectoryTest.cpp - directories, whole or not at all ---------===//
//
// Part of qopt, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/formats/AtomicDirectory.h"

#include "TestSupport.h"

using namespace qopt;
using namespace qopt::test;

static void writeInto(const AtomicDirectory &directory, std::string_view name,
                      std::string_view text) {
  std::ofstream(directory.filePath(name)) << text;
}

TEST(AtomicDirectory, AppearsOnCommit) {
  TempDir dir;
  std::string path = dir.path("m.qmod");
  {
    AtomicDirectory directory(path + "//");
    EXPECT_EQ(directory.path(), path);
    writeInto(directory, "plan.json", "1");
    EXPECT_FALSE(std::filesystem::exists(path));
    directory.commit();
  }
  EXPECT_EQ(readAll(path + "/plan.json"), "1");
  EXPECT_EQ(dir.size(), 1u);
}

TEST(AtomicDirectory, WithoutCommitNothingIsLeft) {
  TempDir dir;
  {
    AtomicDirectory directory(dir.path("m.qmod"));
    writeInto(directory, "plan.json", "1");
    std::filesystem::create_directory(directory.filePath("sub"));
  }
  EXPECT_EQ(dir.size(), 0u);
}

TEST(AtomicDirectory, ReplacesAnEarlierArtifactWhole) {
  TempDir dir;
  std::string path = dir.path("m.qmod");
  std::filesystem::create_directory(path);
  dir.write("m.qmod/plan.json", "old");
  dir.write("m.qmod/other", "old");
  {
    AtomicDirectory abandoned(path);
    writeInto(abandoned, "plan.json", "bad");
  }
  EXPECT_EQ(readAll(path + "/plan.json"), "old");
  {
    AtomicDirectory directory(path);
    writeInto(directory, "plan.json", "new");
    directory.commit();
  }
  EXPECT_EQ(readAll(path + "/plan.json"), "new");
  EXPECT_FALSE(std::filesystem::exists(path + "/other"));
  EXPECT_EQ(dir.size(), 1u);
}

TEST(AtomicDirectory, KeepsWhatIsNoArtifact) {
  TempDir dir;
  auto createError = [](const std::string &path) {
    return errorOf([&] { AtomicDirectory directory(path); });
  };
  std::string path = dir.path("m.qmod");
  std::filesystem::create_directory(path);
  dir.write("m.qmod/thesis.tex", "precious");
  expectContains(createError(path), {path, "plan.json", "another name"});
  std::string file = dir.write("f.qmod", "precious");
  expectContains(createError(file), {file, "a file"});
  expectContains(createError(dir.path("no/m.qmod")), {dir.path("no/m.qmod"), "No such file"});
  EXPECT_EQ(readAll(path + "/thesis.tex"), "precious");
  EXPECT_EQ(dir.size(), 2u);
}

TEST(AtomicDirectory, KeepsWhatAppearedMeanwhile) {
  TempDir dir;
  std::string path = dir.path("m.qmod");
  std::string message = errorOf([&] {
    AtomicDirectory directory(path);
    std::filesystem::create_directory(path);
    dir.write("m.qmod/thesis.tex", "precious");
    directory.commit();
  });
  expectContains(message, {path, "plan.json"});
  EXPECT_EQ(readAll(path + "/thesis.tex"), "precious");
  EXPECT_EQ(dir.size(), 1u);
}
